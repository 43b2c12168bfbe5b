using System;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Loading and shaping of data.</summary>
public sealed partial class DataOperationsCatalog : IInternalCatalog
{
    private readonly IHostEnvironment _environment;

    internal DataOperationsCatalog(IHostEnvironment env)
    {
        ArgumentNullException.ThrowIfNull(env);
        _environment = env;
    }

    IHostEnvironment IInternalCatalog.Environment => _environment;

    /// <summary>Two parts of data.</summary>
    public struct TrainTestData
    {
        /// <summary>The part to train on.</summary>
        public readonly IDataView TrainSet;

        /// <summary>The part to test on.</summary>
        public readonly IDataView TestSet;

        internal TrainTestData(IDataView trainSet, IDataView testSet)
        {
            TrainSet = trainSet;
            TestSet = testSet;
        }
    }
}
