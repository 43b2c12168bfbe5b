namespace Microsoft.ML.CnnZoo
{
    /// <summary>
    /// What is done about a bad image while training: one that is missing, cannot be decoded, is incomplete or too
    /// large, or holds values that are not finite.
    /// </summary>
    public enum BadImageHandling
    {
        /// <summary>
        /// Training ends with an error that names the row, the file where it is known, and what was wrong. The default.
        /// </summary>
        Throw,
        /// <summary>The row is left out; a warning counts such rows and lists the first ten.</summary>
        Skip,
    }
}

namespace Microsoft.ML.CnnZoo.Data
{
    /// <summary>Counts the rows with bad images, and lists the first.</summary>
    internal sealed class BadImages
    {
        private const int Listed = 10;
        private readonly List<string> _first = [];

        /// <summary>How many there are.</summary>
        public long Count { get; private set; }

        /// <summary>Counts one.</summary>
        public void Add<T>(DecodingSlot<T> slot) where T : unmanaged
        {
            Count++;
            if (_first.Count < Listed)
                _first.Add($"row {slot.Row}{(slot.File is null ? "" : $" '{slot.File}'")}: {slot.Problem}");
        }

        /// <summary>The first ten, then how many more.</summary>
        public override string ToString() =>
            string.Join("; ", _first) + (Count > Listed ? $"; and {Count - Listed} more" : "");
    }
}
