using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Tests.Architecture;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Graph.Ops;

/// <summary>The catalog against the op files, and the consistency of every schema.</summary>
public partial class OpCatalogTests
{
    public static TheoryData<string> Names => [.. OpCatalog.All.Select(o => o.Name)];

    [Fact]
    public void All_EqualsTheFilesInGraphOps()
    {
        string[] inFiles = [.. Sources().SelectMany(f =>
            Definitions().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).Order(StringComparer.Ordinal)];
        Assert.Equal(inFiles, OpCatalog.All.Select(o => o.Name));
        Assert.True(inFiles.Length >= 80);
    }

    [Fact]
    public void EveryOpFile_HoldsOneOp_NamedLikeTheFile()
    {
        foreach (string file in Sources())
        {
            MatchCollection ops = Definitions().Matches(File.ReadAllText(file));
            if (ops.Count > 0)
                Assert.Equal(Path.GetFileNameWithoutExtension(file),
                    Assert.Single(ops).Groups[1].Value.Replace("_", "", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Schema_DefaultsAndAllowedValues_AgreeWithTheKind(string name)
    {
        OpDefinition op = OpCatalog.Get(name);
        Assert.Equal(op.Attributes.Count, op.Attributes.Select(a => a.Name).Distinct().Count());
        foreach (AttributeSpec attribute in op.Attributes)
        {
            Assert.True(attribute.Default is null || attribute.Default.Kind == attribute.Kind, attribute.Name);
            Assert.All(attribute.Allowed ?? [], a => Assert.Equal(attribute.Kind, a.Kind));
            if (attribute.Default is AttributeValue value && attribute.Allowed is not null)
                Assert.Contains(value, attribute.Allowed);
            Assert.True(attribute.FromInput is not Index input || input.GetOffset(op.MinInputs) < op.MinInputs,
                attribute.Name);
        }
    }

    [Fact]
    public void IsDifferentiable_False_ExactlyTheOpsThatDeclareIt()
    {
        string[] stated =
            [.. Sources()
            .Where(f => File.ReadAllText(f).Contains("IsDifferentiable => false", StringComparison.Ordinal))
            .SelectMany(f => Definitions().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value))];
        string[] optimizers = [.. OpCatalog.All.Select(o => o.Name)
            .Where(n => n.StartsWith("ResourceApply", StringComparison.Ordinal))];
        Assert.Equal(stated.Concat(optimizers).Order(StringComparer.Ordinal),
            OpCatalog.All.Where(o => !o.IsDifferentiable).Select(o => o.Name));
        foreach (OpDefinition op in OpCatalog.All.Where(o => o.IsDifferentiable))
            Assert.Equal(op.GetType(), op.GetType().GetMethod(nameof(OpDefinition.BuildGradient))!.DeclaringType);
    }

    [Fact]
    public void IsStateful_ExactlyTheOpsThatChangeVariables() => Assert.Equal(
        ["AssignAddVariableOp", "AssignVariableOp", "ResourceApplyAdam", "ResourceApplyGradientDescent",
            "ResourceApplyKerasMomentum", "ResourceApplyMomentum", "ResourceApplyRMSProp"],
        OpCatalog.All.Where(o => o.IsStateful).Select(o => o.Name));

    [Fact]
    public void Get_UnknownOp_NamesIt() =>
        Assert.Contains("'Convolution'", Assert.Throws<GraphException>(() => OpCatalog.Get("Convolution")).Message,
        StringComparison.Ordinal);

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(RepositoryFolder.Library, "Graph", "Ops"), "*.cs")
        .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"sealed class \w+\(\)\s+: (?:OpDefinition|OptimizerStep)\(""(\w+)""")]
    private static partial Regex Definitions();
}
