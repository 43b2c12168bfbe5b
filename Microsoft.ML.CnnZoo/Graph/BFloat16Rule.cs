namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>When an op computes in bfloat16 in a bfloat16 plan.</summary>
internal enum BFloat16Rule
{
    /// <summary>Never: softmax, loss, statistics, updates.</summary>
    Never,
    /// <summary>If one of its inputs is bfloat16: ops that move or combine the results of others.</summary>
    FollowsInputs,
    /// <summary>Always: convolutions, matrix products, pools and normalizations.</summary>
    Always,
}
