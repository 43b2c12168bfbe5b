using System;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Base of the catalogues of training tasks.</summary>
public abstract class TrainCatalogBase : IInternalCatalog
{
    private protected readonly IHostEnvironment Environment;

    private protected TrainCatalogBase(IHostEnvironment env, string registrationName)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentException.ThrowIfNullOrEmpty(registrationName);
        Environment = env;
    }

    IHostEnvironment IInternalCatalog.Environment => Environment;

    /// <summary>Base of the catalogues of a task's trainers.</summary>
    public abstract class CatalogInstantiatorBase : IInternalCatalog
    {
        private protected CatalogInstantiatorBase(TrainCatalogBase catalog)
        {
            ArgumentNullException.ThrowIfNull(catalog);
            Owner = catalog;
        }

        internal TrainCatalogBase Owner { get; }

        IHostEnvironment IInternalCatalog.Environment => Owner.GetEnvironment();
    }

    /// <summary>What came of one fold.</summary>
    public sealed class CrossValidationResult<T>
        where T : class
    {
        /// <summary>The trained model.</summary>
        public readonly ITransformer Model;

        /// <summary>Its metrics on the data held out.</summary>
        public readonly T Metrics;

        /// <summary>The data held out, scored.</summary>
        public readonly IDataView ScoredHoldOutSet;

        /// <summary>The fold's number, from 0.</summary>
        public readonly int Fold;

        internal CrossValidationResult(ITransformer model, T metrics, IDataView scores, int fold)
        {
            Model = model;
            Metrics = metrics;
            ScoredHoldOutSet = scores;
            Fold = fold;
        }
    }
}
