using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>A variable's value.</summary>
internal sealed class Variable : IVersioned, IDisposable
{
    private readonly NativeBuffer _buffer;

    internal Variable(string name, TensorSpec spec)
    {
        Name = name;
        Spec = spec;
        _buffer = new NativeBuffer(spec.ByteLength);
    }

    /// <summary>Name, shared by training and inference graphs.</summary>
    public string Name { get; }

    /// <summary>Type and shape.</summary>
    public TensorSpec Spec { get; }

    /// <summary>Counts changes: kernels with a packed copy compare it.</summary>
    public long Version { get; private set; }

    /// <summary>Address of the value, fixed for the variable's life.</summary>
    public nint Pointer => _buffer.Pointer;

    /// <summary>A copy of the value.</summary>
    public Tensor Get()
    {
        var copy = new Tensor(Spec);
        _buffer.Span<byte>()[..copy.Bytes.Length].CopyTo(copy.Bytes);
        return copy;
    }

    /// <summary>Replaces the value.</summary>
    /// <exception cref="ArgumentException">Type or shape differ.</exception>
    public void Set(Tensor value)
    {
        if (value.Spec != Spec)
            throw new ArgumentException($"The variable '{Name}' is {Spec}; the value is {value.Spec}.", nameof(value));
        value.Bytes.CopyTo(_buffer.Span<byte>());
        Touch();
    }

    /// <summary>Copies another variable's value into this one.</summary>
    public void CopyFrom(Variable other)
    {
        if (other.Spec != Spec)
            throw new ArgumentException($"The variable '{Name}' is {Spec}; '{other.Name}' is {other.Spec}.",
                nameof(other));
        other._buffer.Span<byte>().CopyTo(_buffer.Span<byte>());
        Touch();
    }

    /// <summary>The value in place, as elements. Call <see cref="Touch"/> after writing.</summary>
    public Span<T> Values<T>() where T : unmanaged => DataTypes.Of<T>() == Spec.Type
        ? _buffer.Span<T>()[..checked((int)Spec.Shape.ElementCount)]
        : throw new InvalidOperationException($"The variable '{Name}' holds {Spec.Type}, not {typeof(T).Name}.");

    /// <summary>The value in place, as bytes. Call <see cref="Touch"/> after writing.</summary>
    public Span<byte> Bytes => _buffer.Span<byte>()[..checked((int)Spec.ByteLength)];

    /// <summary>Whether no element is infinite or not a number; true for elements that are no floats.</summary>
    public bool IsFinite => Spec.Type != DataType.Float || TensorPrimitives.IsFiniteAll<float>(Values<float>());

    /// <summary>Marks the value as changed.</summary>
    public void Touch() => Version++;

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}

/// <summary>Values of variables by name, apart from any graph.</summary>
internal sealed class VariableStore : IDisposable
{
    private readonly Dictionary<string, Variable> _variables = new(StringComparer.Ordinal);
    private readonly List<Variable> _ordered = [];

    /// <summary>All variables, in order of creation.</summary>
    public IReadOnlyList<Variable> Variables => _ordered;

    /// <summary>The variable with that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Variable this[string name] => _variables.TryGetValue(name, out Variable? variable) ? variable
        : throw new KeyNotFoundException($"There is no variable '{name}' among {_ordered.Count}.");

    /// <summary>Whether there is a variable with that name.</summary>
    public bool Contains(string name) => _variables.ContainsKey(name);

    /// <summary>The variable with that name, created with zeros if new.</summary>
    /// <exception cref="ArgumentException">It exists with another type or shape.</exception>
    public Variable GetOrAdd(string name, TensorSpec spec)
    {
        if (_variables.TryGetValue(name, out Variable? variable))
            return variable.Spec == spec ? variable
                : throw new ArgumentException($"The variable '{name}' is {variable.Spec}, requested as {spec}.",
                nameof(spec));
        variable = new Variable(name, spec);
        _variables.Add(name, variable);
        _ordered.Add(variable);
        return variable;
    }

    /// <summary>A copy of all variables, or of those selected.</summary>
    public VariableStore Clone(Func<Variable, bool>? which = null)
    {
        var copy = new VariableStore();
        foreach (Variable variable in _ordered.Where(which ?? (_ => true)))
            copy.GetOrAdd(variable.Name, variable.Spec).CopyFrom(variable);
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Variable variable in _ordered)
            variable.Dispose();
    }
}
