namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>The left operand of a matrix product, given out in blocks. One object serves all threads: blocks are filled into the caller's buffer.</summary>
internal abstract unsafe class GemmOperand
{
    /// <summary>Floats of padding between rows of a filled block, so that tile rows do not fall on the same cache set.</summary>
    protected const int RowPadding = 16;

    /// <summary>Floats of a buffer for any block of up to <paramref name="rows"/> rows.</summary>
    public static long BufferFloats(int rows) => (long)(rows + RowPadding) * (Gemm.MaxDepth + RowPadding);

    /// <summary>Rows [row, row+rows) and columns [k, k+count): an address with its strides, either in place or filled into the buffer.</summary>
    public abstract float* Block(int row, int rows, int k, int count, float* buffer, out nint rowStride, out nint columnStride);
}

/// <summary>A matrix in memory, read in place; its rows may be its columns (a transposed operand).</summary>
internal sealed unsafe class MatrixOperand(nint rowStride, nint columnStride) : GemmOperand
{
    /// <summary>Element (0, 0).</summary>
    public float* Base { get; set; }

    public override float* Block(int row, int rows, int k, int count, float* buffer, out nint blockRowStride, out nint blockColumnStride)
    {
        float* source = Base + (row * rowStride) + (k * columnStride);
        if (columnStride != 1 || rowStride % 512 != 0 || rows == 1)
        {
            (blockRowStride, blockColumnStride) = (rowStride, columnStride);
            return source;
        }
        // Rows a multiple of 2 KiB apart would push one another out of the cache: copy.
        (blockRowStride, blockColumnStride) = (count + RowPadding, 1);
        for (int i = 0; i < rows; i++)
            FloatSpans.Copy(buffer + (i * blockRowStride), source + (i * rowStride), count);
        return buffer;
    }
}
