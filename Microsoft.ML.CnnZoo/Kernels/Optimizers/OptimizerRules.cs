using System.Numerics;

namespace Microsoft.ML.CnnZoo.Kernels.Optimizers;

/// <summary>One optimizer's rule on a vector of parameters.</summary>
internal unsafe interface IOptimizerRule
{
    /// <summary>Number of slots: 0, 1 or 2; handles 1 and 2.</summary>
    static abstract int Slots { get; }

    /// <summary>Index of the gradient among the inputs.</summary>
    static abstract int Gradient { get; }

    /// <summary>Reads the scalar inputs of this step.</summary>
    void Read(ReadOnlySpan<nint> inputs, bool nesterov);

    /// <summary>Updates the parameters and their slots.</summary>
    void Step(ref Vector<float> value, ref Vector<float> first, ref Vector<float> second, Vector<float> gradient);
}

/// <summary>var −= alpha·delta.</summary>
internal unsafe struct GradientDescentRule : IOptimizerRule
{
    private Vector<float> _rate;
    public static int Slots => 0;
    public static int Gradient => 2;

    public void Read(ReadOnlySpan<nint> inputs, bool nesterov) => _rate = Vector.Create(*(float*)inputs[1]);

    public readonly void Step(ref Vector<float> value, ref Vector<float> first, ref Vector<float> second,
        Vector<float> gradient) => value -= _rate * gradient;
}

/// <summary>
/// (var, accum, lr, grad, momentum): accum = momentum·accum + grad; var −= lr·accum, or lr·(grad + momentum·accum).
/// </summary>
internal unsafe struct MomentumRule : IOptimizerRule
{
    private Vector<float> _rate;
    private Vector<float> _momentum;
    private bool _nesterov;
    public static int Slots => 1;
    public static int Gradient => 3;

    public void Read(ReadOnlySpan<nint> inputs, bool nesterov)
    {
        (_rate, _momentum) = (Vector.Create(*(float*)inputs[2]), Vector.Create(*(float*)inputs[4]));
        _nesterov = nesterov;
    }

    public readonly void Step(ref Vector<float> value, ref Vector<float> first, ref Vector<float> second,
        Vector<float> gradient)
    {
        first = (_momentum * first) + gradient;
        value -= _rate * (_nesterov ? gradient + (_momentum * first) : first);
    }
}

/// <summary>
/// (var, accum, lr, grad, momentum): accum = momentum·accum − lr·grad; var += accum, or momentum·accum − lr·grad.
/// </summary>
internal unsafe struct KerasMomentumRule : IOptimizerRule
{
    private Vector<float> _rate;
    private Vector<float> _momentum;
    private bool _nesterov;
    public static int Slots => 1;
    public static int Gradient => 3;

    public void Read(ReadOnlySpan<nint> inputs, bool nesterov)
    {
        (_rate, _momentum) = (Vector.Create(*(float*)inputs[2]), Vector.Create(*(float*)inputs[4]));
        _nesterov = nesterov;
    }

    public readonly void Step(ref Vector<float> value, ref Vector<float> first, ref Vector<float> second,
        Vector<float> gradient)
    {
        first = (_momentum * first) - (_rate * gradient);
        value += _nesterov ? (_momentum * first) - (_rate * gradient) : first;
    }
}

/// <summary>(var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad).</summary>
internal unsafe struct AdamRule : IOptimizerRule
{
    private Vector<float> _rate;
    private Vector<float> _beta1;
    private Vector<float> _oneMinusBeta1;
    private Vector<float> _oneMinusBeta2;
    private Vector<float> _epsilon;
    private bool _nesterov;
    public static int Slots => 2;
    public static int Gradient => 9;

    public void Read(ReadOnlySpan<nint> inputs, bool nesterov)
    {
        double power1 = *(float*)inputs[3], power2 = *(float*)inputs[4], rate = *(float*)inputs[5];
        float beta1 = *(float*)inputs[6], beta2 = *(float*)inputs[7];
        _rate = Vector.Create((float)(rate * Math.Sqrt(1 - power2) / (1 - power1)));
        (_beta1, _oneMinusBeta1, _oneMinusBeta2) =
            (Vector.Create(beta1), Vector.Create(1 - beta1), Vector.Create(1 - beta2));
        (_epsilon, _nesterov) = (Vector.Create(*(float*)inputs[8]), nesterov);
    }

    public readonly void Step(ref Vector<float> value, ref Vector<float> first, ref Vector<float> second,
        Vector<float> gradient)
    {
        first += (gradient - first) * _oneMinusBeta1;
        second += ((gradient * gradient) - second) * _oneMinusBeta2;
        Vector<float> direction = _nesterov ? (gradient * _oneMinusBeta1) + (_beta1 * first) : first;
        value -= _rate * direction / (Vector.SquareRoot(second) + _epsilon);
    }
}

/// <summary>(var, ms, mom, lr, rho, momentum, epsilon, grad).</summary>
internal unsafe struct RmsPropRule : IOptimizerRule
{
    private Vector<float> _rate;
    private Vector<float> _oneMinusRho;
    private Vector<float> _momentum;
    private Vector<float> _epsilon;
    public static int Slots => 2;
    public static int Gradient => 7;

    public void Read(ReadOnlySpan<nint> inputs, bool nesterov)
    {
        (_rate, _oneMinusRho) = (Vector.Create(*(float*)inputs[3]), Vector.Create(1 - *(float*)inputs[4]));
        (_momentum, _epsilon) = (Vector.Create(*(float*)inputs[5]), Vector.Create(*(float*)inputs[6]));
    }

    public readonly void Step(ref Vector<float> value, ref Vector<float> first, ref Vector<float> second,
        Vector<float> gradient)
    {
        first += ((gradient * gradient) - first) * _oneMinusRho;
        second = (_momentum * second) + (_rate * gradient / Vector.SquareRoot(first + _epsilon));
        value -= second;
    }
}
