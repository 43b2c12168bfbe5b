using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Keras;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Keras;

/// <summary>Layers and forms of configurations that Keras 2.0 to 3 write, against formulas.</summary>
public class KerasNetworkReaderTests
{
    private const string Input = """{"class_name":"InputLayer","config":{"name":"photo",""" +
        """ "batch_input_shape":[null,2,2,2]}}""";

    // [1,2,2,2]
    private static readonly float[] Pixels = [-3.5f, -2, -0.75f, -0.25f, 0.25f, 1, 3.5f, 7];

    public static TheoryData<string, string, Func<double, double>> Activations { get; } = new()
    {
        { "linear", "2.4.0", x => x }, { "relu", "2.4.0", x => Math.Max(x, 0) },
        { "relu6", "3.1.0", x => Math.Clamp(x, 0, 6) }, { "sigmoid", "2.4.0", Sigmoid }, { "tanh", "2.4.0", Math.Tanh },
        { "elu", "2.4.0", x => x > 0 ? x : Math.Exp(x) - 1 },
        { "selu", "2.4.0", x => 1.05070098 * (x > 0 ? x : 1.67326324 * (Math.Exp(x) - 1)) },
        { "softplus", "2.4.0", x => Math.Log(1 + Math.Exp(x)) }, { "softsign", "2.4.0", x => x / (1 + Math.Abs(x)) },
        { "swish", "2.4.0", x => x * Sigmoid(x) }, { "silu", "3.1.0", x => x * Sigmoid(x) },
        { "exponential", "2.4.0", Math.Exp }, { "hard_sigmoid", "2.4.0", x => Math.Clamp((0.2 * x) + 0.5, 0, 1) },
        { "hard_sigmoid", "3.1.0", x => Math.Clamp((x / 6) + 0.5, 0, 1) },
        { "hard_swish", "3.1.0", x => x * Math.Clamp((x / 6) + 0.5, 0, 1) },
        { "leaky_relu", "3.1.0", x => x > 0 ? x : 0.2 * x }, { "mish", "2.13.0", x => x * Math.Tanh(Math.Log(1 + Math.Exp(x))) },
        // erf by its series is not worth its lines: the tanh form differs by less than 1e-3.
        { "gelu", "3.1.0", x => 0.5 * x * (1 + Math.Tanh(0.7978845608 * (x + (0.044715 * x * x * x)))) },
    };

    [Theory]
    [MemberData(nameof(Activations))]
    public void Read_Activation_IsItsFormula(string name, string version, Func<double, double> formula)
    {
        float[] actual = Run(Sequential($$$"""{"class_name":"Activation","config":{"name":"a",""" +
            $$$""" "activation":"{{{name}}}"}}"""),
            new GroupsInMemory(), version);
        Equal(Pixels.Select(x => formula(x)), actual, name == "gelu" ? 1e-3 : 1e-5);
    }

    [Theory]
    [InlineData("ReLU", """ "max_value":6.0,"negative_slope":0.0,"threshold":0.0 """, "0 0 0 0 0.25 1 3.5 6")]
    [InlineData("ReLU", """ "max_value":3,"negative_slope":0.5,""" +
        """ "threshold":0 """, "-1.75 -1 -0.375 -0.125 0.25 1 3 3")]
    [InlineData("ReLU", """ "max_value":null,"negative_slope":0.5,""" +
        """ "threshold":1 """, "-2.25 -1.5 -0.875 -0.625 -0.375 1 3.5 7")]
    [InlineData("LeakyReLU", """ "alpha":0.5 """, "-1.75 -1 -0.375 -0.125 0.25 1 3.5 7")]
    [InlineData("LeakyReLU", """ "negative_slope":0.25 """, "-0.875 -0.5 -0.1875 -0.0625 0.25 1 3.5 7")]
    [InlineData("LeakyReLU", "", "-1.05 -0.6 -0.225 -0.075 0.25 1 3.5 7")]
    [InlineData("ELU", """ "alpha":2 """, "-1.9396052 -1.7293295 -1.0552669 -0.4423984 0.25 1 3.5 7")]
    [InlineData("ThresholdedReLU", """ "theta":2 """, "0 0 0 0 0 0 3.5 7")]
    [InlineData("Softmax", """ "axis":-1 """, "0.1824255 0.8175745 0.3775407 0.6224593 0.3208213 0.6791787 0.0293122 0.9706878")]
    [InlineData("Rescaling", """ "scale":[2,4],"offset":[1,0] """, "-6 -8 -0.5 -1 1.5 4 8 28")]
    [InlineData("Rescaling", """ "scale":0.5,"offset":-1 """, "-2.75 -2 -1.375 -1.125 -0.875 -0.5 0.75 2.5")]
    [InlineData("Normalization", """ "axis":[-1],"mean":[[1,2]],""" +
        """ "variance":[[4,0.25]] """, "-2.25 -8 -0.875 -4.5 -0.375 -2 1.25 10")]
    [InlineData("Normalization", """ "axis":-1,"mean":{"class_name":"__numpy__","config":{"value":[1.0,2.0],""" +
        """ "dtype":"float32"}},"variance":[4,0.25],"invert":true """,
        "-6 1 -0.5 1.875 1.5 2.5 8 5.5")]
    [InlineData("MaxPooling2D", """ "pool_size":[2,2],"padding":"valid","strides":null """, "3.5 7")]
    [InlineData("AveragePooling2D", """ "pool_size":2,"padding":"same","strides":[1,1] """,
        "-0.125 1.4375 1.375 3.375 1.875 4 3.5 7")]
    [InlineData("GlobalAveragePooling2D", "", "-0.125 1.4375")]
    [InlineData("GlobalMaxPooling2D", """ "keepdims":true """, "3.5 7")]
    [InlineData("ZeroPadding2D", """ "padding":[[1,0],[0,1]] """,
        "0 0 0 0 0 0 -3.5 -2 -0.75 -0.25 0 0 0.25 1 3.5 7 0 0")]
    [InlineData("Cropping2D", """ "cropping":[[1,0],[0,1]] """, "0.25 1")]
    [InlineData("CenterCrop", """ "height":1,"width":2 """, "-3.5 -2 -0.75 -0.25")]
    [InlineData("UpSampling2D", """ "size":[1,2],"interpolation":"nearest" """,
        "-3.5 -2 -3.5 -2 -0.75 -0.25 -0.75 -0.25 0.25 1 0.25 1 3.5 7 3.5 7")]
    [InlineData("Flatten", "", "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("Reshape", """ "target_shape":[-1,4] """, "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("Permute", """ "dims":[3,1,2] """, "-3.5 -0.75 0.25 3.5 -2 -0.25 1 7")]
    [InlineData("Dropout", """ "rate":0.4 """, "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("SpatialDropout2D", """ "rate":0.4 """, "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("GaussianNoise", """ "stddev":0.4 """, "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("RandomFlip", """ "mode":"horizontal" """, "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("Resizing", """ "height":2,"width":2 """, "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("TFOpLambda", """ "function":"nn.relu6" """, "0 0 0 0 0.25 1 3.5 6")]
    [InlineData("Conv2D", """ "filters":1,"kernel_size":[1,1],"use_bias":false,""" +
        """ "activation":{"class_name":"function","config":"relu"} """,
        "2.5 0.625 0.25 0")]
    [InlineData("Conv2D", """ "filters":4,"kernel_size":[1,1],"groups":2,"use_bias":true,"activation":null """,
        "-3 -7 -6 -8 -0.25 -1.5 -0.75 -1 0.75 0.5 3 4 4 7 21 28")]
    [InlineData("SeparableConv2D", """ "filters":1,"kernel_size":[1,1],"depth_multiplier":2 """, "-19 -2 7.25 47")]
    [InlineData("Dense", """ "units":1,"activation":"linear","use_bias":false """, "2 0.25 -1 -7")]
    [InlineData("BatchNormalization", """ "axis":3,"epsilon":0.0,""" +
        """ "scale":false """, "-1.25 -7 0.125 -3.5 0.625 -1 2.25 11")]
    [InlineData("LayerNormalization", """ "axis":[3],"epsilon":0.5,"center":false """,
        "-1.4552138 2.1828208 -0.6666667 1 -0.9370426 1.4055638 -1.8543453 2.7815180")]
    [InlineData("PReLU", """ "shared_axes":[1,2] """, "-7 -1 -1.5 -0.125 0.25 1 3.5 7")]
    public void Read_Layer_IsItsFormula(string className, string config, string expected)
    {
        string comma = string.IsNullOrWhiteSpace(config) ? "" : ",";
        GroupsInMemory weights = className switch
        {
            "Conv2D" when config.Contains("groups", StringComparison.Ordinal) => WithWeights(
                ("kernel", [1, 1, 1, 4], [1, 2, 3, 4]), ("bias", [4], [0.5f, 0, 0, 0])),
            "Conv2D" => WithWeights(("kernel", [1, 1, 2, 1], [-1, 0.5f])),
            "SeparableConv2D" => WithWeights(("depthwise_kernel", [1, 1, 2, 2], [1, 2, 3, 4]),
                ("pointwise_kernel", [1, 1, 4, 1], [1, 1, 1, 0.5f]), ("bias", [1], [1.5f])),
            "Dense" => WithWeights(("kernel", [2, 1], [0, -1])),
            "BatchNormalization" => WithWeights(("beta", [2], [1, 1]), ("moving_mean", [2], [1, 2]),
                ("moving_variance", [2], [4, 0.25f])),
            "LayerNormalization" => WithWeights(("gamma", [2], [2, 3])),
            "PReLU" => WithWeights(("alpha", [1, 1, 2], [2, 0.5f])),
            _ => new GroupsInMemory(),
        };
        float[] actual = Run(Sequential($$$"""{"class_name":"{{{className}}}",""" +
            $$$""" "config":{"name":"x"{{{comma}}}{{{config}}}}}"""),
            weights, "2.9.0");
        Equal(expected.Split(' ').Select(double.Parse), actual, 1e-5);
    }

    [Theory]
    [InlineData("Add", "", "-7 -4 -1.5 -0.5 0.5 2 7 14")]
    [InlineData("Subtract", "", "0 0 0 0 0 0 0 0")]
    [InlineData("Multiply", "", "12.25 4 0.5625 0.0625 0.0625 1 12.25 49")]
    [InlineData("Average", "", "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("Maximum", "", "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("Concatenate", ",\"axis\":1", "-3.5 -2 -0.75 -0.25 0.25 1 3.5 7 -3.5 -2 -0.75 -0.25 0.25 1 3.5 7")]
    [InlineData("Concatenate", "", "-3.5 -2 -3.5 -2 -0.75 -0.25 -0.75 -0.25 0.25 1 0.25 1 3.5 7 3.5 7")]
    public void Read_Merge_InBothFormsOfCalls(string className, string config, string expected)
    {
        const string Tensor = """{"class_name":"__keras_tensor__","config":{"shape":[null,2,2,2],""" +
            """ "dtype":"float32","keras_history":["photo",0,0]}}""";
        foreach (string call in new[] { """[[["photo",0,0,{}],["photo",0,0,{}]]]""",
            $$$"""[{"args":[[{{{Tensor}}},{{{Tensor}}}]],"kwargs":{}}]""" })
        {
            string merge = $$$"""{"class_name":"{{{className}}}","config":{"name":"m"{{{config}}}},""" +
                $$$""" "name":"m","inbound_nodes":{{{call}}}}""";
            Equal(expected.Split(' ').Select(double.Parse), Run(Functional(merge, "m"), new GroupsInMemory(), "3.0.0"), 1e-6);
        }
    }

    [Theory]
    [InlineData("""{"class_name":"TFOpLambda","config":{"name":"m","function":"math.truediv"},"name":"m",""" +
        """ "inbound_nodes":[["photo",0,0,{"y":0.5,"name":null}]]}""")]
    [InlineData("""{"class_name":"TrueDivide","config":{"name":"m"},"name":"m",""" +
        """ "inbound_nodes":[{"args":[{"class_name":"__keras_tensor__",""" +
        """ "config":{"keras_history":["photo",0,0]}},0.5],"kwargs":{}}]}""")]
    [InlineData("""{"class_name":"TFOpLambda","config":{"name":"m","function":"math.subtract"},"name":"m",""" +
        """ "inbound_nodes":[["_CONSTANT_VALUE",-1,0.0,{"y":["photo",0,0]}]]}""", -1)]
    public void Read_ArithmeticWithNumbers_IsComputed(string layer, float factor = 2) =>
        Equal(Pixels.Select(x => (double)x * factor), Run(Functional(layer, "m"), new GroupsInMemory(), "2.9.0"), 1e-6);

    [Fact]
    public void Read_BareListOfKeras20_IsASequentialModel()
    {
        const string Config = """
            {"class_name":"Sequential","config":[
              {"class_name":"Conv2D","config":{"name":"c","batch_input_shape":[null,2,2,2],"filters":1,"kernel_size":[1,1],
                "use_bias":false,"activation":"linear","padding":"valid","data_format":"channels_last"}},
              {"class_name":"Flatten","config":{"name":"f"}},
              {"class_name":"BatchNormalization","config":{"name":"b","axis":-1,"epsilon":0.0}}]}
            """;
        GroupsInMemory weights = Listed(new GroupsInMemory(), "c", ("c/kernel:0", [1, 1, 2, 1], [0, 1]));
        Listed(weights, "b", ("b/gamma:0", [4], [1, 1, 1, 2]), ("b/beta:0", [4], [0, 0, 0, 1]),
            ("b/moving_mean:0", [4], [0, 0, 0, 3]), ("b/moving_variance:0", [4], [1, 1, 1, 16]));
        Equal([-2, -0.25, 1, 3], Run(Config, weights, null), 1e-5);
    }

    [Fact]
    public void Read_SharedLayer_HasOneConstant()
    {
        const string Layers = """
            {"class_name":"Dense","config":{"name":"d","units":2,"use_bias":false},"name":"d",
              "inbound_nodes":[[["photo",0,0,{}]],[["r",0,0,{}]]]},
            {"class_name":"ReLU","config":{"name":"r"},"name":"r","inbound_nodes":[[["d",0,0,{}]]]},
            {"class_name":"Add","config":{"name":"a"},"name":"a","inbound_nodes":[[["d",0,0,{}],["d",1,0,{}]]]}
            """;
        GroupsInMemory weights = Listed(new GroupsInMemory(), "d", ("d/kernel:0", [2, 2], [0, 1, 2, 0]));
        FrozenNetwork network = Read(Functional(Layers, "a"), weights, "2.9.0");
        Assert.Single(network.Graph.Nodes, n => n.Name.StartsWith("d/kernel", StringComparison.Ordinal));
        // y = (2b, a); result = y + (2 max(a, 0), max(2b, 0)).
        Equal(Pixels.Chunk(2).SelectMany(p => new double[] { (2 * p[1]) + (2 * Math.Max(p[0], 0)), p[0] + Math.Max(2 * p[1], 0) }),
            Run(network), 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_ModelInModel_FindsItsWeights(bool frozen)
    {
        string trainable = frozen ? "false" : "true";
        string inner = $$$"""
            {"class_name":"Functional","config":{"name":"base","trainable":true,"layers":[
              {"class_name":"InputLayer","config":{"name":"in","batch_shape":[null,2,2,2]},"name":"in","inbound_nodes":[]},
              {"class_name":"BatchNormalization","config":{"name":"b1",
              "epsilon":0.0,"scale":false,"trainable":{{{trainable}}} },"name":"b1",
                "inbound_nodes":[[["in",0,0,{}]]]},
              {"class_name":"Conv2D","config":{"name":"c1","filters":2,"kernel_size":[1,1],"use_bias":false},"name":"c1",
                "inbound_nodes":[[["b1",0,0,{}]]]}],
              "input_layers":[["in",0,0]],"output_layers":[["c1",0,0]]}}
            """;
        string config = Sequential($$$"""
            {"class_name":"Sequential","config":{"name":"augment","layers":[{"class_name":"RandomFlip","config":{"name":"flip"}}]}},
            {{{inner}}},
            {"class_name":"Conv2D","config":{"name":"c2","filters":1,"kernel_size":1,"use_bias":false}}
            """);
        (string Name, int[] Shape, float[] Values)
            beta = ("base/b1/beta", [2], [1, 1]), mean = ("base/b1/moving_mean", [2], [1, 0]),
            variance = ("base/b1/moving_variance", [2], [4, 1]), kernel = ("base/c1/kernel", [1, 1, 2, 2], [1, 0, 0, 2]);
        // Trained weights first; a frozen layer has none.
        GroupsInMemory listed = Listed(new GroupsInMemory(), "base",
            frozen ? [kernel, beta, mean, variance] : [beta, kernel, mean, variance]);
        Listed(listed, "c2", ("c2/kernel", [1, 1, 2, 1], [1, 1]));
        GroupsInMemory counted = new GroupsInMemory()
            .With("layers/sequential/layers/random_flip/seed_generator/vars/0", [2], 0, 0)
            .With("layers/functional/layers/batch_normalization/vars/0", [2], 1, 1)
            .With("layers/functional/layers/batch_normalization/vars/1", [2], 1, 0)
            .With("layers/functional/layers/batch_normalization/vars/2", [2], 4, 1)
            .With("layers/functional/layers/conv2d/vars/0", [1, 1, 2, 2], 1, 0, 0, 2)
            .With("layers/conv2d/vars/0", [1, 1, 2, 1], 1, 1);
        double[] expected = [.. Pixels.Chunk(2).Select(p => ((p[0] - 1d) / 2) + 1 + (2 * (p[1] + 1d)))];
        foreach (GroupsInMemory weights in new[] { listed, counted })
        {
            FrozenNetwork network = Read(config, weights, "3.0.0");
            Equal(expected, Run(network), 1e-5);
            Assert.True(network.Tensors.ContainsKey("base/b1"));
        }
    }

    [Fact]
    public void Read_UnsupportedLayers_AreNamedAllAtOnce()
    {
        string config = Sequential("""
            {"class_name":"Lambda","config":{"name":"mine"}},
            {"class_name":"Conv2D","config":{"name":"first","data_format":"channels_first"}},
            {"class_name":"LSTM","config":{"name":"memory"}},
            {"class_name":"Activation","config":{"name":"odd","activation":"my_own"}}
            """);
        string message = Refused(config);
        Assert.All(["Lambda 'mine'", "channels_first", "'first'", "LSTM 'memory'", "my_own", "'odd'", "made up"],
            part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[]", "class_name")]
    [InlineData("{\"class_name\":\"Sequential\"}", "config")]
    [InlineData("{\"class_name\":\"Sequential\",\"config\":{\"layers\":7}}", "layers")]
    [InlineData("{\"class_name\":\"Sequential\",\"config\":[]}", "no layers")]
    [InlineData("{\"class_name\":\"MyModel\",\"config\":{}}", "MyModel")]
    [InlineData("{\"class_name\":\"Functional\",\"config\":{\"layers\":[],\"input_layers\":[],\"output_layers\":[]}}", "no input")]
    [InlineData("{\"class_name\":", "JSON")]
    public void Read_ConfigurationOfAnotherForm_IsRefused(string config, string part) =>
        Assert.Contains(part, Refused(config), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"class_name":"Add","config":{},"name":"a",""" +
        """ "inbound_nodes":[[["photo",0,0,{}],["b",0,0,{}]]]},{"class_name":"ReLU","config":{},"name":"b",""" +
        """ "inbound_nodes":[[["a",0,0,{}]]]}""", "depends on itself")]
    [InlineData("""{"class_name":"ReLU","config":{},"name":"a",""" +
        """ "inbound_nodes":[[["a",0,0,{}]]]}""", "depends on itself")]
    [InlineData("""{"class_name":"ReLU","config":{},"name":"a","inbound_nodes":[[["nowhere",0,0,{}]]]}""", "nowhere")]
    [InlineData("""{"class_name":"ReLU","config":{"max_value":"many"},"name":"a",""" +
        """ "inbound_nodes":[[["photo",0,0,{}]]]}""", "many")]
    [InlineData("""{"class_name":"Dense","config":{"units":3},"name":"a",""" +
        """ "inbound_nodes":[[["photo",0,0,{}]]]}""", "kernel")]
    [InlineData("""{"class_name":"Conv2DTranspose","config":{},"name":"a",""" +
        """ "inbound_nodes":[[["photo",0,0,{}]]]}""", "Conv2DTranspose 'a'")]
    [InlineData("""{"class_name":"ZeroPadding2D","config":{"padding":[[1,-1],[0,0]]},"name":"a",""" +
        """ "inbound_nodes":[[["photo",0,0,{}]]]}""", "padding")]
    [InlineData("""{"class_name":"BatchNormalization","config":{"axis":1,"scale":false,"center":false},""" +
        """ "name":"a","inbound_nodes":[[["photo",0,0,{}]]]}""", "axis")]
    public void Read_ImpossibleGraph_IsRefused(string layers, string part) =>
        Assert.Contains(part, Refused(Functional(layers, "a"), Listed(new GroupsInMemory(), "a",
            ("a/moving_mean", [2], [0, 0]), ("a/moving_variance", [2], [1, 1]))), StringComparison.Ordinal);

    [Fact]
    public void Read_ModelsInModelsWithoutEnd_AreRefused()
    {
        string config = """{"class_name":"ReLU","config":{"name":"r"}}""";
        for (int i = 0; i < 40; i++)
            config = $$$"""{"class_name":"Sequential","config":{"name":"s{{{i}}}","layers":[{{{config}}}]}}""";
        Assert.Contains("deep", Refused(config), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WeightOfAnotherShape_IsRefused()
    {
        string config = Sequential("""{"class_name":"Dense","config":{"name":"x","units":1,"use_bias":false}}""");
        string message = Refused(config, WithWeights(("kernel", [3, 1], [0, 1, 2])));
        Assert.Contains("[3,1]", message, StringComparison.Ordinal);
        Assert.Contains("[2,1]", message, StringComparison.Ordinal);
    }

    private static string Sequential(string layers) =>
        $$$"""{"class_name":"Sequential","config":{"name":"s","layers":[{{{Input}}},{{{layers}}}]}}""";

    private static string Functional(string layers, string output) => $$$"""
        {"class_name":"Model","config":{"name":"m","layers":[
          {"class_name":"InputLayer","config":{"name":"photo","batch_input_shape":[null,2,2,2]},"name":"photo","inbound_nodes":[]},
          {{{layers}}}],"input_layers":[["photo",0,0]],"output_layers":[["{{{output}}}",0,0]]}}
        """;

    /// <summary>Weights of the layer 'x'.</summary>
    private static GroupsInMemory WithWeights(params (string Kind, int[] Shape, float[] Values)[] weights) =>
        Listed(new GroupsInMemory(), "x", [.. weights.Select(w => ($"x/{w.Kind}:0", w.Shape, w.Values))]);

    /// <summary>Weights as .h5 files list them.</summary>
    private static GroupsInMemory Listed(GroupsInMemory groups, string layer,
        params (string Name, int[] Shape, float[] Values)[] weights)
    {
        foreach ((string name, int[] shape, float[] values) in weights)
            groups.With($"model_weights/{layer}/{name}", shape, values);
        return groups.WithTexts($"model_weights/{layer}", "weight_names", [.. weights.Select(w => w.Name)]);
    }

    private static FrozenNetwork Read(string config, GroupsInMemory weights, string? version) =>
        KerasNetworkReader.Read(config, version, weights, weights.Origin, null);

    private static string Refused(string config, GroupsInMemory? weights = null) =>
        Assert.Throws<InvalidDataException>(() => Read(config, weights ?? new GroupsInMemory(), "3.0.0")).Message;

    private static float[] Run(string config, GroupsInMemory weights, string? version) => Run(Read(config, weights, version));

    private static float[] Run(FrozenNetwork network) =>
        FrozenNetworkRun.Run(network, KnownArray.Of([1, 2, 2, 2], Pixels)).ToFloats();

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static void Equal(IEnumerable<double> expected, float[] actual, double tolerance)
    {
        double[] all = [.. expected];
        Assert.Equal(all.Length, actual.Length);
        Assert.All(all.Zip(actual), p => Assert.InRange(p.Second, p.First - (tolerance * Math.Max(1, Math.Abs(p.First))),
            p.First + (tolerance * Math.Max(1, Math.Abs(p.First)))));
    }
}
