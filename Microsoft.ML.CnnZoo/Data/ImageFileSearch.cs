namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Lists the image files below a folder, level by level in ordinal order of their names, and collects what it leaves
/// out. Links are followed, except to folders that contain the searched one or were listed before: every search ends.
/// </summary>
internal sealed class ImageFileSearch(List<LeftOutFile> leftOut)
{
    internal const string Hidden = "hidden", BrokenLink = "broken link",
        Repeated = "link back to a folder that is listed anyway";

    // What SkiaSharp 2.88 decodes, by content: the extensions only choose the files.
    private static readonly string[] Read =
        [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".ico", ".wbmp"];
    private static readonly string[] Unread =
        [".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".dng", ".dcm"];

    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    private readonly List<string> _files = [];
    private string _root = "";

    /// <summary>The extensions of files that are listed, for messages.</summary>
    public static string Extensions { get; } = string.Join(' ', Read);

    /// <summary>The images below a folder, with paths that begin as the folder's does.</summary>
    public IReadOnlyList<string> Search(string folder)
    {
        _files.Clear();
        _listed.Clear();
        _root = RealPath(folder);
        List(folder, _root);
        return [.. _files];
    }

    /// <summary>
    /// The entries of one folder that are neither hidden nor broken links, in ordinal order of their names.
    /// </summary>
    public IEnumerable<FileSystemInfo> Entries(string folder)
    {
        FileSystemInfo[] entries = new DirectoryInfo(folder).GetFileSystemInfos();
        foreach (FileSystemInfo entry in entries.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            if (IsHidden(entry))
                LeaveOut(folder, entry, Hidden);
            else if (IsBroken(entry))
                LeaveOut(folder, entry, BrokenLink);
            else
                yield return entry;
        }
    }

    /// <summary>Why a file is no image that can be read, by its extension; null if it is one.</summary>
    public static string? Objection(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return Read.Contains(extension) ? null
            : Unread.Contains(extension) ? $"{extension} images are not read: convert them to PNG or JPEG"
            : extension.Length > 0 ? $"{extension} is no image type" : "no extension";
    }

    /// <summary>A path without links. All of it must exist.</summary>
    public static string RealPath(string path)
    {
        string full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } parent)
            return full;
        string real = Path.Combine(RealPath(parent), Path.GetFileName(full));
        FileSystemInfo? target = Directory.Exists(real)
            ? Directory.ResolveLinkTarget(real, returnFinalTarget: true)
            : File.ResolveLinkTarget(real, returnFinalTarget: true);
        return target is null ? real : RealPath(target.FullName);
    }

    /// <summary>Whether a folder is another one or lies, however deep, in it; both without links.</summary>
    public static bool IsWithin(string folder, string outer) =>
        folder == outer
            || folder.StartsWith(
                Path.EndsInDirectorySeparator(outer) ? outer : outer + Path.DirectorySeparatorChar,
                StringComparison.Ordinal);

    private void List(string folder, string real)
    {
        _listed.Add(real);
        foreach (FileSystemInfo entry in Entries(folder))
        {
            if (Directory.Exists(entry.FullName))
            {
                string target = entry.LinkTarget is null ? Path.Combine(real, entry.Name) : RealPath(entry.FullName);
                if (_listed.Contains(target) || IsWithin(_root, target))
                    LeaveOut(folder, entry, Repeated);
                else
                    List(Path.Combine(folder, entry.Name), target);
            }
            else if (Objection(entry.Name) is { } objection)
                LeaveOut(folder, entry, objection);
            else
                _files.Add(Path.Combine(folder, entry.Name));
        }
    }

    private void LeaveOut(string folder, FileSystemInfo entry, string reason) =>
        leftOut.Add(new LeftOutFile(Path.Combine(folder, entry.Name), reason));

    /// <summary>Links to nothing, and links in a circle. File.Exists is true for them.</summary>
    private static bool IsBroken(FileSystemInfo entry)
    {
        try
        {
            return entry.LinkTarget is not null && !entry.ResolveLinkTarget(returnFinalTarget: true)!.Exists;
        }
        catch (IOException)
        {
            return true;
        }
    }

    // Files that operating systems and tools leave behind: ._x.png, .DS_Store, .ipynb_checkpoints, __MACOSX.
    private static bool IsHidden(FileSystemInfo entry) =>
        entry.Name.StartsWith('.') || entry.Name == "__MACOSX" || entry.Attributes.HasFlag(FileAttributes.Hidden);
}
