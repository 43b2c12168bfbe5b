using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Optimizers;

/// <summary>
/// The <c>ResourceApply…</c> ops: a rule applied to a variable and its slots in place, vector by vector.
/// </summary>
internal sealed unsafe class OptimizerKernel<TRule> : Kernel where TRule : struct, IOptimizerRule
{
    private readonly long _count;
    private readonly bool _nesterov;
    private readonly Variable?[] _variables;
    private readonly nint[] _addresses;
    private TRule _rule = new();

    public OptimizerKernel(KernelRequest request) : base(request)
    {
        _count = request.Inputs[TRule.Gradient].Shape.ElementCount;
        _nesterov = request.Node.Definition.Attributes.Any(a => a.Name == "use_nesterov")
            && request.Attribute("use_nesterov").Bool;
        _variables = [.. request.Inputs.Take(1 + TRule.Slots).Select(i => i.Variable)];
        _addresses = new nint[request.Inputs.Count];
    }

    [SkipLocalsInit]
    protected override void RunRange(long start, long end, int part)
    {
        int lanes = Vector<float>.Count;
        float* value = Input(0), first = TRule.Slots > 0 ? Input(1) : null, second = TRule.Slots > 1 ? Input(2) : null,
            gradient = Input(TRule.Gradient);
        TRule rule = _rule;
        long i = start;
        for (; i <= end - lanes; i += lanes)
            Step(ref rule, value + i, first + i, second + i, gradient + i);
        if (i >= end)
            return;
        float* rest = stackalloc float[4 * lanes];
        for (int k = 0; k < 4 * lanes; k++)
            rest[k] = 1;
        long n = end - i;
        FloatSpans.Copy(rest, value + i, n);
        FloatSpans.Copy(rest + (3 * lanes), gradient + i, n);
        FloatSpans.Copy(rest + lanes, first + i, TRule.Slots > 0 ? n : 0);
        FloatSpans.Copy(rest + (2 * lanes), second + i, TRule.Slots > 1 ? n : 0);
        Step(ref rule, rest, rest + lanes, rest + (2 * lanes), rest + (3 * lanes));
        FloatSpans.Copy(value + i, rest, n);
        FloatSpans.Copy(first + i, rest + lanes, TRule.Slots > 0 ? n : 0);
        FloatSpans.Copy(second + i, rest + (2 * lanes), TRule.Slots > 1 ? n : 0);
    }

    protected override void Compute()
    {
        for (int i = 0; i < _addresses.Length; i++)
            _addresses[i] = InputAddress(i);
        _rule.Read(_addresses, _nesterov);
        Share(_count, _count * 4, LineElements);
        foreach (Variable? variable in _variables)
            variable?.Touch();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(ref TRule rule, float* value, float* first, float* second, float* gradient)
    {
        Vector<float> v = Vector.Load(value), a = TRule.Slots > 0 ? Vector.Load(first) : default,
            b = TRule.Slots > 1 ? Vector.Load(second) : default;
        rule.Step(ref v, ref a, ref b, Vector.Load(gradient));
        v.Store(value);
        if (TRule.Slots > 0)
            a.Store(first);
        if (TRule.Slots > 1)
            b.Store(second);
    }
}
