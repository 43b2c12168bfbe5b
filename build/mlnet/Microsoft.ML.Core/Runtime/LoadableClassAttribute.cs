// Internal, with ML.NET's names: an assembly says by these attributes which classes the loader signatures in models stand for.
using System;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Runtime
{
    internal abstract class LoadableClassAttributeBase : Attribute
    {
        protected LoadableClassAttributeBase(Type instType, Type loaderType, Type argType, Type sigType, string userName, string[] loadNames)
        {
            ArgumentNullException.ThrowIfNull(instType);
            ArgumentNullException.ThrowIfNull(loaderType);
            ArgumentNullException.ThrowIfNull(sigType);
            InstanceType = instType;
            LoaderType = loaderType;
            ArgType = argType;
            SignatureType = sigType;
            LoadNames = loadNames is { Length: > 0 } ? loadNames : [userName];
        }

        public Type InstanceType { get; }

        public Type LoaderType { get; }

        public Type ArgType { get; }

        public Type SignatureType { get; }

        public string[] LoadNames { get; }
    }
}

namespace Microsoft.ML
{
    /// <summary>The signature of what loads from a model: <c>(IHostEnvironment, ModelLoadContext)</c>.</summary>
    internal delegate void SignatureLoadModel(ModelLoadContext ctx);

    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class LoadableClassAttribute : LoadableClassAttributeBase
    {
        /// <summary>Says that <paramref name="loaderType"/> makes <paramref name="instType"/> for the load names.</summary>
        public LoadableClassAttribute(Type instType, Type loaderType, Type argType, Type sigType, string userName, params string[] loadNames)
            : base(instType, loaderType, argType, sigType, userName, loadNames)
        {
        }
    }
}
