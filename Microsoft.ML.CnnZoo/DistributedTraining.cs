using Microsoft.ML.CnnZoo.Distributed;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Ranks that train one network together, each on its part of the rows: processes that MPI started, on one machine or on
/// many. For <see cref="CnnClassificationTrainer.Options.Distributed"/>.
/// </summary>
/// <remarks>
/// Every rank runs the same program with the same data and options, and ends with the same model. A batch is dealt to the
/// ranks: <see cref="CnnClassificationTrainer.Options.BatchSize"/> counts the images of all of them, so that learning
/// rate and steps are those of one process, and n ranks give, within rounding, what one process gives without batch norms
/// or with synchronized ones. Rows are dealt, too: rank r reads rows r, r + n, r + 2n, … Only rank 0 writes checkpoints
/// and the run's folder, and calls callbacks. At equal number of ranks, the same seed gives the same weights bit for bit.
/// </remarks>
/// <example>
/// <code>
/// // mpirun -n 4 dotnet MyTraining.dll
/// var options = new CnnClassificationTrainer.Options
/// {
///     Architecture = CnnArchitectures.ResNet50, Distributed = DistributedTraining.Mpi(),
/// };
/// using CnnClassificationTransformer network = mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows);
/// if (options.Distributed.Rank == 0)
///     mlContext.Model.Save(network, rows.Schema, "model.zip");
/// </code>
/// </example>
public sealed record DistributedTraining
{
    private DistributedTraining(RankGroup group) => Group = group;

    /// <summary>Whether this process was started by MPI: by mpirun, or by srun with one of its MPI plugins.</summary>
    public static bool IsLaunched => MpiLaunch.Find() is not null;

    /// <summary>
    /// The ranks that MPI started; a process that was started by itself is the only one. Loads the MPI library of the
    /// launcher: Open MPI, MPICH and its descendants, or one with MPI 5's standard ABI. The environment variable
    /// <c>CNNZOO_MPI</c> names another file.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no MPI library, it is unknown, it does not belong to the
    /// launcher, or it cannot be called by several threads.</exception>
    public static DistributedTraining Mpi() => Of(new RankGroup(MpiLink.World));

    /// <summary>This rank, from 0.</summary>
    public int Rank => Group.Rank;

    /// <summary>Number of ranks.</summary>
    public int Ranks => Group.Size;

    /// <summary>
    /// Whether batch norms normalize by the statistics of the whole batch, for two small messages per layer, instead of
    /// those of each rank's part. Worth it where a rank has fewer than about 16 images. Default: false.
    /// </summary>
    public bool SynchronizesBatchNorms { get; init; }

    /// <summary>
    /// Whether gradients are sent as bfloat16, half as many bytes; what rounding takes is added in the next step.
    /// Checkpoints do not hold that: a training that is resumed goes on without what the step before left, and ends with
    /// other last bits. Default: false, float32.
    /// </summary>
    public bool SendsBFloat16 { get; init; }

    /// <summary>
    /// Whether batch size and learning rate of the options are those of one rank: both are multiplied by the number of
    /// ranks, and the rate rises to that over the first five epochs (a tenth of the training where it is shorter than
    /// 50). Goyal et al. 2017, arXiv:1706.02677, §2.1. Default: false.
    /// </summary>
    public bool ScalesWithRanks { get; init; }

    /// <summary>The settings: the same on all ranks.</summary>
    public override string ToString() => $"{Ranks} ranks{(SynchronizesBatchNorms ? ", synchronized batch norms" : "")}"
        + $"{(SendsBFloat16 ? ", gradients sent as bfloat16" : "")}{(ScalesWithRanks ? ", batch and rate of each rank" : "")}";

    /// <summary>The ranks.</summary>
    internal RankGroup Group { get; }

    /// <summary>Ranks of any kind.</summary>
    internal static DistributedTraining Of(RankGroup group) => new(group);
}
