using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// The left operand of a matrix product, read in blocks. Shared by all threads: blocks are gathered into the caller's
/// buffer.
/// </summary>
internal abstract unsafe class GemmOperand
{
    /// <summary>
    /// Floats of padding between rows of a gathered block, so that tile rows do not map to the same cache set.
    /// </summary>
    protected const int RowPadding = 16;

    /// <summary>Floats of a buffer for any block of up to <paramref name="rows"/> rows.</summary>
    public static long BufferFloats(int rows) => (long)(rows + RowPadding) * (Gemm.MaxDepth + RowPadding);

    /// <summary>
    /// Rows [row, row+rows) and columns [k, k+count): an address with its strides, in place or gathered into the
    /// buffer.
    /// </summary>
    public abstract float* Block(int row, int rows, int k, int count, float* buffer, out nint rowStride,
        out nint columnStride);
}

/// <summary>A matrix in memory, read in place; may be transposed.</summary>
internal sealed unsafe class MatrixOperand(nint rowStride, nint columnStride) : GemmOperand
{
    /// <summary>Element (0, 0).</summary>
    public float* Base { get; set; }

    public override float* Block(int row, int rows, int k, int count, float* buffer, out nint blockRowStride,
        out nint blockColumnStride)
    {
        float* source = Base + (row * rowStride) + (k * columnStride);
        if (columnStride != 1 || rowStride % 512 != 0 || rows == 1)
        {
            (blockRowStride, blockColumnStride) = (rowStride, columnStride);
            return source;
        }
        // Rows a multiple of 2 KiB apart map to the same cache sets and would evict one another: copy.
        (blockRowStride, blockColumnStride) = (count + RowPadding, 1);
        for (int i = 0; i < rows; i++)
            FloatSpans.Copy(buffer + (i * blockRowStride), source + (i * rowStride), count);
        return buffer;
    }
}
