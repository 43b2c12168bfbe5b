using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

// ML.NET's base classes, model file and catalogs are open to its own assemblies only. build/FriendAccess.targets compiles
// this one as their friend; these two lines make the runtime agree.
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

// How mlContext.Model.Load finds the transformer: the model file names this assembly, and ML.NET reads this attribute.
[assembly: LoadableClass(typeof(CnnExplainingTransformer), null, typeof(SignatureLoadModel), "CNN explanations",
    CnnExplainingTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(CnnFeaturizingTransformer), null, typeof(SignatureLoadModel), "CNN features",
    CnnFeaturizingTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(CnnClassificationTransformer), null, typeof(SignatureLoadModel), "CNN classification",
    CnnClassificationTransformer.LoaderSignature)]

namespace System.Runtime.CompilerServices;

/// <summary>Honored by CoreCLR by its name; not part of the class library.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
