using System.Numerics.Tensors;

namespace CnnZoo.Cli.Doctor;

/// <summary>The vectors that point most nearly the same way as each of many.</summary>
internal static class Neighbors
{
    /// <summary>For each vector its nearest others, the nearest first, each with its cosine.</summary>
    /// <param name="wanted">For each vector the one to look for: itself, or what it might have been made into.</param>
    /// <param name="vectors">Of equal length, each of norm 1.</param>
    /// <param name="count">How many.</param>
    public static (int Number, float Cosine)[][] Find(float[][] wanted, float[][] vectors, int count)
    {
        var result = new (int, float)[vectors.Length][];
        Parallel.For(0, vectors.Length, i =>
        {
            var nearest = new PriorityQueue<int, float>(count + 1);
            for (int j = 0; j < vectors.Length; j++)
            {
                if (j == i)
                    continue;
                float similarity = TensorPrimitives.Dot(wanted[i], vectors[j]);
                if (nearest.Count < count)
                    nearest.Enqueue(j, similarity);
                else
                    nearest.EnqueueDequeue(j, similarity);
            }
            var found = new (int, float)[nearest.Count];
            for (int k = found.Length - 1; nearest.TryDequeue(out int number, out float cosine); k--)
                found[k] = (number, cosine);
            result[i] = found;
        });
        return result;
    }

    /// <summary>Vectors less their common mean, of norm 1 (of norm 0 where nothing is left).</summary>
    public static float[][] Center(float[][] vectors)
    {
        var mean = new float[vectors.Length == 0 ? 0 : vectors[0].Length];
        foreach (float[] vector in vectors)
            TensorPrimitives.Add(mean, vector, mean);
        TensorPrimitives.Divide(mean, Math.Max(1, vectors.Length), mean);
        return Array.ConvertAll(vectors, vector =>
        {
            var centered = new float[vector.Length];
            TensorPrimitives.Subtract(vector, mean, centered);
            Normalize(centered);
            return centered;
        });
    }

    /// <summary>Divides a vector by its norm.</summary>
    public static void Normalize(Span<float> vector)
    {
        float norm = TensorPrimitives.Norm<float>(vector);
        if (norm > 0)
            TensorPrimitives.Divide(vector, norm, vector);
    }
}
