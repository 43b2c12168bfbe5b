namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>Cuts tensors into buckets.</summary>
internal static class BucketPlan
{
    /// <summary>
    /// Buckets of at most some length, filled in the order of the tensors; large tensors are cut. Tensors that are sent
    /// exactly do not share a bucket with others.
    /// </summary>
    /// <param name="tensors">The tensors, in the order in which they become ready.</param>
    /// <param name="most">Elements of a bucket, ≥ 1.</param>
    public static IReadOnlyList<BucketPiece[]> Of(IReadOnlyList<ExchangedTensor> tensors, int most)
    {
        var buckets = new List<BucketPiece[]>();
        var pieces = new List<BucketPiece>();
        int filled = 0;
        void Close()
        {
            if (pieces.Count > 0)
                buckets.Add([.. pieces]);
            pieces.Clear();
            filled = 0;
        }
        for (int tensor = 0; tensor < tensors.Count; tensor++)
        {
            if (tensor > 0 && tensors[tensor].IsExact != tensors[tensor - 1].IsExact)
                Close();
            for (int offset = 0; offset < tensors[tensor].Length;)
            {
                int length = Math.Min(most - filled, tensors[tensor].Length - offset);
                pieces.Add(new BucketPiece(tensor, offset, length, filled));
                (offset, filled) = (offset + length, filled + length);
                if (filled == most)
                    Close();
            }
        }
        Close();
        return buckets;
    }
}
