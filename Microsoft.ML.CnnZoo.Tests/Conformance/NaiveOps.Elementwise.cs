using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddElementwise()
    {
        Unary("Neg", x => -x);
        Unary("Square", x => x * x);
        Unary("Sqrt", Math.Sqrt);
        Unary("Rsqrt", x => 1 / Math.Sqrt(x));
        Unary("Exp", Math.Exp);
        Unary("Log", Math.Log);
        Unary("Relu", x => Math.Max(x, 0));
        Unary("Relu6", x => Math.Min(Math.Max(x, 0), 6));
        Unary("Tanh", Math.Tanh);
        Unary("Sigmoid", x => 1 / (1 + Math.Exp(-x)));
        Unary("Elu", ExpMinusOneBelow0);
        Unary("Selu", x => x < 0 ? Selu.ScaledAlpha * ExpMinusOneBelow0(x) : Selu.Scale * x);
        Unary("Softplus", x => Math.Max(x, 0) + Log1(Math.Exp(-Math.Abs(x))));
        Unary("Softsign", x => x / (1 + Math.Abs(x)));
        Unary("Erf", ErrorFunction);
        Unary("Abs", Math.Abs);
        Unary("Sign", x => double.IsNaN(x) ? x : Math.Sign(x));
        Unary("Floor", Math.Floor);
        Binary("Pow", Math.Pow);
        Binary("EluGrad", (dy, y) => y < 0 ? dy * (y + 1) : dy);
        Binary("SeluGrad", (dy, y) => dy * (y < 0 ? y + Selu.ScaledAlpha : Selu.Scale));
        Binary("SoftplusGrad", (dy, x) => dy / (1 + Math.Exp(-x)));
        Binary("SoftsignGrad", (dy, x) => dy / ((1 + Math.Abs(x)) * (1 + Math.Abs(x))));
        Evaluators["LeakyRelu"] = (node, x) => [Map(node, i => x[0][i] * (x[0][i] > 0 ? 1 : Alpha(node)))];
        Evaluators["LeakyReluGrad"] = (node, x) => [Map(node, i => x[0][i] * (x[1][i] > 0 ? 1 : Alpha(node)))];
        Binary("AddV2", (a, b) => a + b);
        Binary("Sub", (a, b) => a - b);
        Binary("Mul", (a, b) => a * b);
        Binary("RealDiv", (a, b) => a / b);
        Binary("SquaredDifference", (a, b) => (a - b) * (a - b));
        Binary("Maximum", Math.Max);
        Binary("Minimum", Math.Min);
        Binary("GreaterEqual", (a, b) => a >= b ? 1 : 0);
        Binary("ReluGrad", (dy, y) => y > 0 ? dy : 0);
        Binary("Relu6Grad", (dy, y) => y is > 0 and < 6 ? dy : 0);
        Binary("TanhGrad", (y, dy) => dy * (1 - y * y));
        Binary("SigmoidGrad", (y, dy) => dy * y * (1 - y));
        Evaluators["AddN"] = (node, x) => [Map(node, i => x.Sum(t => t[i]))];
        Evaluators["SelectV2"] = (node, x) =>
            [Map(node, i => x[0].Broadcast(i) != 0 ? x[1].Broadcast(i) : x[2].Broadcast(i))];
        Evaluators["Cast"] = (node, x) =>
            [Map(node, i => node.Outputs[0].Type.IsFloating() ? x[0][i]
                : node.Outputs[0].Type != DataType.Bool ? Math.Truncate(x[0][i])
                : x[0][i] != 0 ? 1 : 0)];
        Evaluators["BiasAdd"] = (node, x) => [Map(node, i => x[0][i] + x[1].Data[i[^1]])];
    }

    private static double Alpha(NodeDef node) => node.Attributes["alpha"].Float;

    private static double Log1(double t) => t < 1e-5 ? t - (t * t / 2) : Math.Log(1 + t);

    private static double ExpMinusOneBelow0(double x) =>
        x < 0 ? Math.Abs(x) < 1e-5 ? x + (x * x / 2) : Math.Exp(x) - 1 : x;

    /// <summary>2/√π·e^(−x²)·Σ 2ⁿx²ⁿ⁺¹/(1·3·…·(2n+1)), whose terms are all of one sign.</summary>
    private static double ErrorFunction(double x)
    {
        if (double.IsNaN(x) || Math.Abs(x) > 6)
            return double.IsNaN(x) ? x : Math.Sign(x);
        double sum = 0, term = x;
        for (int n = 1; n < 250; term *= 2 * x * x / ((2 * n++) + 1))
            sum += term;
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private static void Unary(string op, Func<double, double> f) => Evaluators[op] = (node, x) =>
        [Map(node, i => f(x[0][i]))];

    private static void Binary(string op, Func<double, double, double> f) => Evaluators[op] = (node, x) =>
        [Map(node, i => f(x[0].Broadcast(i), x[1].Broadcast(i)))];
}
