namespace Benchmarks;

/// <summary>Something that is done again and again while the clock runs.</summary>
internal abstract class Work : IDisposable
{
    /// <summary>How it runs: vector width, memory format.</summary>
    public abstract string Form { get; }

    /// <summary>Memory of the plan besides the weights in bytes; 0 where it is not known.</summary>
    public virtual long PlanBytes => 0;

    /// <summary>Does the work once; returns the number of images.</summary>
    public abstract int Run();

    public abstract void Dispose();
}
