using System.ComponentModel;

namespace Benchmarks;

/// <summary>One of the programs whose speeds are compared.</summary>
/// <param name="name">"ours" or a name in <see cref="Goals"/>.</param>
internal abstract class Side(string name)
{
    /// <summary>Name in tables and files.</summary>
    public string Name => name;

    /// <summary>Its version, once <see cref="Probe"/> has asked for it.</summary>
    public string? Version { get; protected set; }

    /// <summary>Whether it can do that kind of work.</summary>
    public abstract bool Runs(WorkMode mode);

    /// <summary>Whether it is here at all: null, or the reason why not.</summary>
    public virtual string? Probe() => null;

    /// <summary>Prepares a mode of a network. An error is in the result.</summary>
    public abstract SideRun Open(BenchmarkNetwork network, NetworkCost cost, WorkMode mode);

    /// <summary>Asks a worker for its version: null, or what went wrong.</summary>
    protected string? ProbeVersion(Func<WorkerProcess> start)
    {
        try
        {
            using WorkerProcess worker = start();
            WorkAnswer answer = worker.Ask(WorkRequest.Version);
            Version = answer.Version;
            return answer.Error;
        }
        catch (Win32Exception e) // the program is not there
        {
            return e.Message;
        }
    }
}
