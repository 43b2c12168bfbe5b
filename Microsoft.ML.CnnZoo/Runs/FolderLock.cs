using System.Globalization;

namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>
/// Keeps a folder for one training at a time. The operating system holds the lock, on an open file, and drops it when the
/// process ends in whatever way: files that a killed process left behind lock nothing.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    // Nobody can read a file that is locked as a whole, so a second one says who holds it. The first is never deleted: one
    // that is deleted while another process opens it can be locked twice.
    private const string LockName = ".lock", HolderName = ".lock.holder";

    /// <summary>EWOULDBLOCK of Linux and of macOS; ERROR_SHARING_VIOLATION.</summary>
    private static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;
    private readonly string _holder;

    private FolderLock(FileStream file, string holder) => (_file, _holder) = (file, holder);

    /// <summary>Locks a folder, which is made if need be.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="warn">Is told why it cannot be locked: on a disk that is read-only or full.</param>
    /// <returns>The lock; null where none can be made.</returns>
    /// <exception cref="InvalidOperationException">Another training holds it.</exception>
    public static FolderLock? Take(string folder, Action<string> warn)
    {
        string holder = Path.Combine(folder, HolderName);
        try
        {
            Directory.CreateDirectory(folder);
            var file = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            TryTo(() => File.WriteAllText(holder, Describe()));
            return new FolderLock(file, holder);
        }
        catch (IOException e) when (InUse.Contains(e.HResult))
        {
            string who = "which has not said yet what process it is";
            TryTo(() => who = File.ReadAllText(holder));
            throw new InvalidOperationException(
                $"The folder '{folder}' is in use by another training, {who}. Wait for its end, or choose another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"The folder '{folder}' is not locked, so another training could write to it, too: {e.Message}");
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TryTo(() => File.Delete(_holder));
        _file.Dispose();
    }

    private static string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"process {Environment.ProcessId} on {Environment.MachineName} since {DateTimeOffset.Now:yyyy-MM-dd HH:mm:ss zzz}");

    /// <summary>Who holds a folder is good to know; nothing depends on it.</summary>
    private static void TryTo(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is not known.
        }
    }
}
