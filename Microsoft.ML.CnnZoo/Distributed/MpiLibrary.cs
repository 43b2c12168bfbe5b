using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>
/// The dozen functions of MPI that are needed, of a library that is found by name when it is first asked for: the only
/// native code that the library calls.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    private const int LongestText = 8192;
    private readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> _isend, _irecv;
    private readonly delegate* unmanaged[Cdecl]<nint*, int*, void*, int> _test;
    private readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged[Cdecl]<nint, int, int> _abort;
    private readonly delegate* unmanaged[Cdecl]<int> _finalize;
    private readonly nint _library;
    private readonly MpiAbi _abi;

    private MpiLibrary(nint library, string file)
    {
        _library = library;
        var buffer = new byte[LongestText];
        fixed (byte* text = buffer)
        {
            int length = 0;
            ((delegate* unmanaged[Cdecl]<byte*, int*, int>)Export("MPI_Get_library_version"))(text, &length);
            Version = Encoding.UTF8.GetString(text, length).TrimEnd('\0').Split('\n', ',')[0].Trim();
        }
        File = file;
        _abi = MpiAbi.Of(library, file, Version);
        _isend = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Isend");
        _irecv = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Irecv");
        _test = (delegate* unmanaged[Cdecl]<nint*, int*, void*, int>)Export("MPI_Test");
        _errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Export("MPI_Error_string");
        _abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        _finalize = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
    }

    /// <summary>What the library says of itself, for example "Open MPI v4.1.4".</summary>
    public string Version { get; }

    /// <summary>The file that was found.</summary>
    public string File { get; }

    /// <summary>Loads the library that belongs to a launch.</summary>
    /// <exception cref="InvalidOperationException">None is found, or it is unknown.</exception>
    public static MpiLibrary Load(MpiLaunch launch)
    {
        string? named = Environment.GetEnvironmentVariable(MpiLaunch.LibraryVariable);
        IReadOnlyList<string> files = string.IsNullOrEmpty(named) ? launch.Libraries : [named];
        foreach (string file in files)
            if (NativeLibrary.TryLoad(file, out nint library))
                return new MpiLibrary(library, file);
        throw new InvalidOperationException($"Started by {launch.Launcher}, but there is no MPI library: none of "
            + $"{string.Join(", ", files)} can be loaded. Install the launcher's own, or name its file in the environment variable "
            + $"{MpiLaunch.LibraryVariable}.");
    }

    /// <summary>Begins, unless the application has.</summary>
    /// <returns>This rank and the number of ranks.</returns>
    /// <exception cref="InvalidOperationException">The library does not let several threads call it.</exception>
    public (int Rank, int Size) Initialize()
    {
        int initialized = 0, level = 0, rank = 0, size = 0;
        Check(((delegate* unmanaged[Cdecl]<int*, int>)Export("MPI_Initialized"))(&initialized), "MPI_Initialized");
        if (initialized == 0)
            Check(((delegate* unmanaged[Cdecl]<int*, void*, int, int*, int>)Export("MPI_Init_thread"))(null, null,
                _abi.Multiple, &level), "MPI_Init_thread");
        else
            Check(((delegate* unmanaged[Cdecl]<int*, int>)Export("MPI_Query_thread"))(&level), "MPI_Query_thread");
        if (level < _abi.Serialized)
            throw new InvalidOperationException($"{Version} ({File}) does not let several threads call it (it gives level {level}; "
                + $"MPI_THREAD_SERIALIZED is {_abi.Serialized}): gradients could not be sent while others are computed.");
        Check(((delegate* unmanaged[Cdecl]<nint, nint, int>)Export("MPI_Comm_set_errhandler"))(_abi.World, _abi.ErrorsReturn),
            "MPI_Comm_set_errhandler");
        Check(((delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank"))(_abi.World, &rank), "MPI_Comm_rank");
        Check(((delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size"))(_abi.World, &size), "MPI_Comm_size");
        return (rank, size);
    }

    /// <summary>MPI_Isend of bytes.</summary>
    public nint Send(nint data, int bytes, int rank, int tag)
    {
        nint request = 0;
        Check(_isend((void*)data, bytes, _abi.Byte, rank, tag, _abi.World, &request), "MPI_Isend");
        return request;
    }

    /// <summary>MPI_Irecv of bytes.</summary>
    public nint Receive(nint data, int bytes, int rank, int tag)
    {
        nint request = 0;
        Check(_irecv((void*)data, bytes, _abi.Byte, rank, tag, _abi.World, &request), "MPI_Irecv");
        return request;
    }

    /// <summary>MPI_Test.</summary>
    public bool Test(ref nint request)
    {
        int done = 0;
        nint handle = request;
        byte* status = stackalloc byte[64]; // of any family, and of no interest
        Check(_test(&handle, &done, status), "MPI_Test");
        if (done != 0)
            request = 0;
        return done != 0;
    }

    /// <summary>MPI_Finalize.</summary>
    public void End() => _finalize();

    /// <summary>MPI_Abort: the launcher ends all ranks.</summary>
    public void Abort() => _abort(_abi.World, 1);

    private nint Export(string function) => NativeLibrary.TryGetExport(_library, function, out nint address) ? address
        : throw new InvalidOperationException($"The library '{File}' has no function {function}: it is no MPI library.");

    private void Check(int error, string function)
    {
        if (error == 0)
            return;
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        _errorString(error, text, &length);
        throw new InvalidOperationException($"{function} failed: {Encoding.UTF8.GetString(text, length)} ({Version})");
    }
}
