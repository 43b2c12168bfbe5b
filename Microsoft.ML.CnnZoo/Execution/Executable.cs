using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>
/// A compiled plan: kernels in order, memory laid out. Used by one thread at a time; running it allocates nothing.
/// </summary>
internal sealed unsafe class Executable : IDisposable
{
    private readonly IKernel[] _kernels;
    private readonly nint[][] _inputs;
    private readonly nint[][] _outputs;
    private readonly nint[] _scratch;
    private readonly Variable[][] _changed;
    private readonly ParameterValue?[] _parameters;
    private readonly IReadOnlyList<Variable> _parameterSources;
    private readonly NativeBuffer _arena;
    private readonly List<NativeBuffer> _constants = [];
    private readonly Dictionary<string, (nint Pointer, TensorSpec Spec)> _feeds = new(StringComparer.Ordinal);
    private readonly (nint Pointer, TensorSpec Spec)[] _fetches;
    private readonly NodeDef[] _steps, _fetchSources;
    private long _parametersVersion = -1;
    private bool _disposed;

    internal Executable(GraphRequest request, IReadOnlyList<PreparedStep> steps,
        IReadOnlyDictionary<NodeOutput, Storage> storages, long arenaBytes,
        IReadOnlyList<Variable> parameterSources)
    {
        _arena = new NativeBuffer(arenaBytes);
        var addresses = new Dictionary<Storage, nint>();
        nint Address(Storage storage)
        {
            if (!addresses.TryGetValue(storage, out nint address))
                addresses.Add(storage, address = Locate(storage));
            return address;
        }
        _kernels = [.. steps.Select(s => s.Kernel)];
        _inputs = [.. steps.Select(s => Array.ConvertAll(s.Inputs, Address))];
        _outputs = [.. steps.Select(s => Array.ConvertAll(s.Outputs, Address))];
        _scratch = [.. steps.Select(s => s.Scratch is null ? 0 : Address(s.Scratch))];
        _changed = [.. steps.Select(s => s.Changed)];
        _parameters = [.. steps.Select(s => s.Parameter)];
        _parameterSources = parameterSources;
        _fetches = [.. request.Fetches.Select(f => (Address(storages[Schedule.Root(f)]), f.Spec))];
        _fetchSources = [.. request.Fetches.Select(f => Schedule.Root(f).Node)];
        foreach (NodeDef node in request.Graph.Nodes.Where(n => n.Op == "Placeholder"))
            _feeds.Add(node.Name, (Address(storages[node.Output()]), node.Outputs[0]));
        _steps = [.. steps.Select(s => s.Node)];
        PeakBytes = arenaBytes + _constants.Sum(c => c.ByteLength);
    }

    /// <summary>The nodes, after all passes, in the order in which they run.</summary>
    public IReadOnlyList<NodeDef> Steps => _steps;

    /// <summary>
    /// Bytes of activations, scratch, feeds, fetches and constants; variables not counted. Known before the first run.
    /// </summary>
    public long PeakBytes { get; }

    /// <summary>Names of the placeholders that the plan reads.</summary>
    public IEnumerable<string> Feeds => _feeds.Keys;

    /// <summary>Whether the plan reads a placeholder of that name.</summary>
    public bool HasFeed(string placeholder) => _feeds.ContainsKey(placeholder);

    /// <summary>The memory of a placeholder: write it before <see cref="Run(CancellationToken)"/>; later runs reuse the content.</summary>
    /// <exception cref="KeyNotFoundException">The plan reads no placeholder of that name.</exception>
    /// <exception cref="InvalidOperationException">Its elements are of another type.</exception>
    public Span<T> Feed<T>(string placeholder) where T : unmanaged =>
        _feeds.TryGetValue(placeholder, out (nint Pointer, TensorSpec Spec) feed)
        ? View<T>(feed, placeholder)
        : throw new KeyNotFoundException(
        $"The plan reads no placeholder '{placeholder}'; it reads {string.Join(", ", _feeds.Keys)}.");

    /// <summary>A fetched tensor's elements, valid until the next <see cref="Run(CancellationToken)"/>.</summary>
    /// <param name="index">Position in the fetches given to <see cref="Session.Compile"/>.</param>
    public ReadOnlySpan<T> Fetch<T>(int index) where T : unmanaged => View<T>(_fetches[index], $"fetch {index}");

    /// <summary>Type and shape of a fetched tensor.</summary>
    public TensorSpec FetchSpec(int index) => _fetches[index].Spec;

    /// <summary>Address of a fetched tensor, the same at every run.</summary>
    public nint FetchAddress(int index) => _fetches[index].Pointer;

    /// <summary>Address of a placeholder, the same at every run.</summary>
    public nint FeedAddress(string placeholder) => _feeds[placeholder].Pointer;

    /// <summary>The step that computes a fetched tensor, which stays as it is from then on; -1 for none.</summary>
    public int FetchStep(int index) => Array.IndexOf(_steps, _fetchSources[index]);

    /// <summary>The last step that changes a variable; -1 for none.</summary>
    public int ChangeStep(Variable variable) => Array.FindLastIndex(_changed, c => c.Contains(variable));

    /// <summary>Runs all steps.</summary>
    /// <param name="cancellation">Checked between steps; some variables may be updated by then and others not.</param>
    /// <exception cref="OperationCanceledException">Canceled.</exception>
    public void Run(CancellationToken cancellation = default) => Run(null, cancellation);

    /// <summary>Runs all steps, and tells of each that is done.</summary>
    /// <param name="observer">Is told; null for nobody.</param>
    /// <param name="cancellation">Checked between steps; some variables may be updated by then and others not.</param>
    /// <exception cref="OperationCanceledException">Canceled.</exception>
    public void Run(IPlanObserver? observer, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        long version = SourcesVersion();
        bool refreshes = version != _parametersVersion;
        for (int i = 0; i < _kernels.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (refreshes || _parameters[i] is null)
                RunStep(i);
            observer?.StepDone(i);
        }
        _parametersVersion = version;
    }

    /// <summary>Runs all steps once and adds each step's time to <paramref name="ticks"/> (Stopwatch ticks).</summary>
    public void RunProfiled(Span<long> ticks)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        long version = SourcesVersion();
        bool refreshes = version != _parametersVersion;
        for (int i = 0; i < _kernels.Length; i++)
        {
            if (!refreshes && _parameters[i] is not null)
                continue;
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            RunStep(i);
            ticks[i] += System.Diagnostics.Stopwatch.GetTimestamp() - start;
        }
        _parametersVersion = version;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (IKernel kernel in _kernels)
            kernel.Dispose();
        foreach (NativeBuffer constant in _constants)
            constant.Dispose();
        _arena.Dispose();
    }

    private void RunStep(int i)
    {
        _kernels[i].Run(new KernelBuffers(_inputs[i], _outputs[i], _scratch[i]));
        foreach (Variable variable in _changed[i])
            variable.Touch();
        _parameters[i]?.Touch();
    }

    /// <summary>Increases whenever a variable that parameter steps read has changed.</summary>
    private long SourcesVersion()
    {
        long sum = 0;
        for (int i = 0; i < _parameterSources.Count; i++)
            sum += _parameterSources[i].Version;
        return sum;
    }

    private nint Locate(Storage storage)
    {
        if (storage.Base is Storage whole)
            return Locate(whole) + (nint)storage.BaseOffset;
        switch (storage.Kind)
        {
            case StorageKind.Variable:
                return storage.Variable!.Pointer;
            case StorageKind.Constant:
                var constant = new NativeBuffer(storage.ByteLength);
                _constants.Add(constant);
                storage.Constant!.Bytes.CopyTo(constant.Span<byte>());
                return constant.Pointer;
            default:
                return _arena.Pointer + (nint)storage.Offset;
        }
    }

    private Span<T> View<T>((nint Pointer, TensorSpec Spec) tensor, string name) where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return DataTypes.Of<T>() == tensor.Spec.Type
            ? new Span<T>((void*)tensor.Pointer, checked((int)tensor.Spec.Shape.ElementCount))
            : throw new InvalidOperationException($"'{name}' holds {tensor.Spec.Type}, not {typeof(T).Name}.");
    }
}
