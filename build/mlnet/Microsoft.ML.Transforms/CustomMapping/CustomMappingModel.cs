using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ITransformer), typeof(CustomMappingModel), null, typeof(SignatureLoadModel),
    "Custom Mapping Transform", CustomMappingModel.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Saves a custom mapping as the name of its factory and of the factory's assembly, and loads it by them.</summary>
internal static class CustomMappingModel
{
    public const string LoaderSignature = "CustomTransformer";

    private static VersionInfo Format => ModelFormat.Of("CUSTOMXF", LoaderSignature, typeof(CustomMappingModel));

    public static void Save(ModelSaveContext ctx, string contractName, Assembly assembly)
    {
        ctx.SetVersionInfo(Format);
        ctx.SaveString(contractName);
        ctx.SaveString(assembly.FullName);
    }

    /// <summary>A getter that does something first.</summary>
    public static ValueGetter<T> After<T>(ValueGetter<T> getter, Action first) => (ref T value) =>
    {
        first();
        getter(ref value);
    };

    private static ITransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Format);
        string contractName = ctx.LoadString(), assemblyName = ctx.LoadString();
        Assembly assembly;
        try
        {
            assembly = Assembly.Load(assemblyName);
        }
        catch (IOException ex)
        {
            throw new FormatException($"The custom mapping '{contractName}' needs the assembly '{assemblyName}'", ex);
        }
        env.ComponentCatalog.RegisterAssembly(assembly);
        object factory = env.ComponentCatalog.CreateExtension(typeof(CustomMappingFactoryAttributeAttribute), contractName);
        return factory is ICustomMappingFactory mapping
            ? mapping.CreateTransformer(env, contractName)
            : throw new InvalidOperationException($"The class with the contract name '{contractName}' is no CustomMappingFactory");
    }
}
