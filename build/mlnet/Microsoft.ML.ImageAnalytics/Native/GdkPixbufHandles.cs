using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.Data;

/// <summary>Owns a <c>GdkPixbufLoader</c>: closes it and gives up the reference.</summary>
internal sealed class PixbufLoaderHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public PixbufLoaderHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        GdkPixbufNative.ReleaseLoader(handle);
        return true;
    }
}

/// <summary>Owns one reference to a <c>GdkPixbuf</c>.</summary>
internal sealed class PixbufHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public PixbufHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        GdkPixbufNative.ReleaseObject(handle);
        return true;
    }
}

/// <summary>A call into gdk-pixbuf failed: which, and the library's own reason.</summary>
internal sealed class GdkPixbufException(string call, string reason) : Exception($"{call}: {reason}");
