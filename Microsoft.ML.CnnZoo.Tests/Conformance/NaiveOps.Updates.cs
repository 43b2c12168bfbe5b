using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddUpdates()
    {
        Evaluators["AssignVariableOp"] = (node, x) => [x[1]];
        Evaluators["AssignAddVariableOp"] = (node, x) => [Zip(x[0], x[1], (v, d) => v + d)];
        Evaluators["ResourceApplyGradientDescent"] = (node, x) => [Zip(x[0], x[2], (v, g) => v - x[1].Data[0] * g)];
        Evaluators["ResourceApplyMomentum"] = (node, x) => Momentum(node, x, keras: false);
        Evaluators["ResourceApplyKerasMomentum"] = (node, x) => Momentum(node, x, keras: true);
        Evaluators["ResourceApplyAdam"] = (node, x) =>
        {
            // var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad
            double[] s = [.. x[3..9].Select(t => t.Data[0])];
            double rate = s[2] * Math.Sqrt(1 - s[1]) / (1 - s[0]);
            NaiveTensor m = Zip(x[1], x[9], (m, g) => m + (g - m) * (1 - s[3])),
                v = Zip(x[2], x[9], (v, g) => v + (g * g - v) * (1 - s[4]));
            var value = new NaiveTensor(x[0].Shape);
            for (int i = 0; i < value.Data.Length; i++)
            {
                double direction = node.Attributes["use_nesterov"].Bool ? x[9].Data[i] * (1 - s[3]) + s[3] * m.Data[i]
                    : m.Data[i];
                value.Data[i] = x[0].Data[i] - rate * direction / (Math.Sqrt(v.Data[i]) + s[5]);
            }
            return [value, m, v];
        };
        Evaluators["ResourceApplyRMSProp"] = (node, x) =>
        {
            // var, ms, mom, lr, rho, momentum, epsilon, grad
            double lr = x[3].Data[0], rho = x[4].Data[0], momentum = x[5].Data[0], epsilon = x[6].Data[0];
            NaiveTensor ms = Zip(x[1], x[7], (s, g) => s + (g * g - s) * (1 - rho));
            NaiveTensor step = Zip(ms, x[7], (s, g) => lr * g / Math.Sqrt(s + epsilon)),
                mom = Zip(x[2], step, (m, d) => momentum * m + d);
            return [Zip(x[0], mom, (v, m) => v - m), ms, mom];
        };
    }

    /// <summary>
    /// var, accum, lr, grad, momentum: TensorFlow 1's rule, or Keras's with the rate inside the accumulator.
    /// </summary>
    private static NaiveTensor[] Momentum(NodeDef node, NaiveTensor[] x, bool keras)
    {
        double lr = x[2].Data[0], momentum = x[4].Data[0];
        bool nesterov = node.Attributes["use_nesterov"].Bool;
        NaiveTensor g = x[3], accum = Zip(x[1], g, (a, d) => momentum * a + (keras ? -lr * d : d));
        NaiveTensor step = keras
            ? nesterov ? Zip(accum, g, (a, d) => momentum * a - lr * d) : accum
            : nesterov ? Zip(accum, g, (a, d) => -lr * (d + momentum * a)) : Zip(accum, accum, (a, _) => -lr * a);
        return [Zip(x[0], step, (v, s) => v + s), accum];
    }

    private static NaiveTensor Zip(NaiveTensor a, NaiveTensor b, Func<double, double, double> f) =>
        new(a.Shape, [.. a.Data.Zip(b.Data, f)]);
}
