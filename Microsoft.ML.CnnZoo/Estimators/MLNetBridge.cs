using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.Estimators;

/// <summary>
/// Every internal of ML.NET that the library touches, in one place. ML.NET lets outside code implement its interfaces but neither save itself into a model file,
/// nor describe columns before training, nor find the environment behind a catalog object; these few members, unchanged since ML.NET 1.0, are reached by reflection.
/// </summary>
/// <remarks>They are looked up once, together; if a future ML.NET lacks one, the first use says which.</remarks>
internal static class MLNetBridge
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private static readonly Lazy<Members> Found = new(() => new Members());

    /// <summary>The environment (an MLContext) behind <c>mlContext.MulticlassClassification.Trainers</c> and its like.</summary>
    public static IHostEnvironment GetEnvironment(object catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        PropertyInfo? environment = catalog.GetType().GetInterfaces().FirstOrDefault(i => i.Name == "IInternalCatalog")?.GetProperty("Environment");
        return environment?.GetValue(catalog) as IHostEnvironment ?? throw Missing("IInternalCatalog.Environment");
    }

    /// <summary>Makes loading through this environment's component catalogue know the library's transformers. Repeating it is harmless.</summary>
    public static void Register(IHostEnvironment environment) => environment.ComponentCatalog.RegisterAssembly(new Manifest(Found.Value));

    /// <summary>First thing in <see cref="ICanSaveModel.Save"/>: says who can load the model.</summary>
    /// <param name="context">Where to save.</param>
    /// <param name="modelSignature">Eight characters.</param>
    /// <param name="version">Version of the format.</param>
    /// <param name="loaderSignature">At most 24 characters, as registered.</param>
    /// <returns>The writer of the model block.</returns>
    public static BinaryWriter BeginSave(ModelSaveContext context, string modelSignature, uint version, string loaderSignature)
    {
        Members members = Found.Value;
        object info = Call(() => members.VersionInfo.Invoke([modelSignature, version, version, version, typeof(MLNetBridge).Assembly.FullName, loaderSignature, null]));
        Call(() => members.SetVersionInfo.Invoke(context, [info]));
        return (BinaryWriter)members.Writer.GetValue(context)!;
    }

    /// <summary>Writes a stream of its own into the model file, beside the model block.</summary>
    public static void SaveStream(ModelSaveContext context, string name, Action<BinaryWriter> write) =>
        Call(() => Found.Value.SaveBinaryStream.Invoke(context, [name, write]));

    /// <summary>The reader of the model block; it must be read to its end.</summary>
    public static BinaryReader Reader(object loadContext) => (BinaryReader)Found.Value.Reader.GetValue(loadContext)!;

    /// <summary>Reads a stream of its own; false when there is none of that name.</summary>
    public static bool TryLoadStream(object loadContext, string name, Action<BinaryReader> read) =>
        (bool)Call(() => Found.Value.TryLoadBinaryStream.Invoke(loadContext, [name, read]));

    /// <summary>What is known of a column before training.</summary>
    public static SchemaShape.Column ShapeColumn(string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey, SchemaShape? annotations = null) =>
        (SchemaShape.Column)Call(() => Found.Value.ShapeColumn.Invoke([name, kind, itemType, isKey, annotations]));

    /// <summary>Lets the exception of what was called through, instead of reflection's wrapping.</summary>
    private static object Call(Func<object?> invoke)
    {
        try
        {
            return invoke()!;
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }
    }

    private static NotSupportedException Missing(string member) => new(
        $"This version of ML.NET ({typeof(ITransformer).Assembly.GetName().Version}) has no '{member}', which Microsoft.ML.CnnZoo needs to save models and to join pipelines. It was made for ML.NET 5.0.");

    /// <summary>The members, found when first needed.</summary>
    private sealed class Members
    {
        private static readonly Assembly Core = typeof(ITransformer).Assembly;

        public ConstructorInfo VersionInfo { get; } = Type("Microsoft.ML.VersionInfo").GetConstructors(Any).FirstOrDefault(c => c.GetParameters().Length == 7) ?? throw Missing("VersionInfo's constructor");
        public MethodInfo SetVersionInfo { get; } = typeof(ModelSaveContext).GetMethod("SetVersionInfo", Any) ?? throw Missing("ModelSaveContext.SetVersionInfo");
        public FieldInfo Writer { get; } = typeof(ModelSaveContext).GetField("Writer", Any) ?? throw Missing("ModelSaveContext.Writer");
        public MethodInfo SaveBinaryStream { get; } = typeof(ModelSaveContext).GetMethod("SaveBinaryStream", Any) ?? throw Missing("ModelSaveContext.SaveBinaryStream");
        public FieldInfo Reader { get; } = Type("Microsoft.ML.ModelLoadContext").GetField("Reader", Any) ?? throw Missing("ModelLoadContext.Reader");
        public MethodInfo TryLoadBinaryStream { get; } = Type("Microsoft.ML.ModelLoadContext").GetMethod("TryLoadBinaryStream", Any) ?? throw Missing("ModelLoadContext.TryLoadBinaryStream");
        public ConstructorInfo ShapeColumn { get; } = typeof(SchemaShape.Column).GetConstructors(Any).FirstOrDefault(c => c.GetParameters().Length == 5) ?? throw Missing("SchemaShape.Column's constructor");
        public Type LoadableClass { get; } = Type("Microsoft.ML.LoadableClassAttribute");
        public ConstructorInfo LoadableClassConstructor { get; } = Type("Microsoft.ML.LoadableClassAttribute")
            .GetConstructor([typeof(Type), typeof(Type), typeof(Type), typeof(Type), typeof(string), typeof(string[])]) ?? throw Missing("LoadableClassAttribute's constructor");
        public Type SignatureLoadModel { get; } = Type("Microsoft.ML.SignatureLoadModel");

        private static Type Type(string name) => Core.GetType(name) ?? throw Missing(name);
    }

    /// <summary>
    /// Stands in for this assembly when ML.NET asks it for loadable classes: the attribute class is internal, so it cannot be written on
    /// <see cref="CnnClassificationTransformer"/>; the answer is made here.
    /// </summary>
    private sealed class Manifest(Members members) : Assembly
    {
        public override string FullName => $"{typeof(MLNetBridge).Assembly.GetName().Name}.Manifest";
        public override Type[] GetTypes() => [];
        public override object[] GetCustomAttributes(Type attributeType, bool inherit)
        {
            if (!attributeType.IsAssignableFrom(members.LoadableClass))
                return (object[])Array.CreateInstance(attributeType, 0);
            Type transformer = typeof(CnnClassificationTransformer);
            var attributes = (object[])Array.CreateInstance(members.LoadableClass, 1);
            attributes[0] = members.LoadableClassConstructor.Invoke([transformer, transformer, null, members.SignatureLoadModel,
                CnnClassificationTransformer.LoaderSignature, new[] { CnnClassificationTransformer.LoaderSignature }]);
            return attributes;
        }
    }
}
