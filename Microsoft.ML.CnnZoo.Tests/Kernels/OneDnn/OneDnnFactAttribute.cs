using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

/// <summary>A test that is reported as skipped, with the reason, where the oneDNN library is not installed.</summary>
internal sealed class OneDnnFactAttribute : FactAttribute
{
    public OneDnnFactAttribute() => Skip = OneDnnBackend.TryCreate(out string reason) is null ? reason : null;
}

/// <inheritdoc cref="OneDnnFactAttribute"/>
internal sealed class OneDnnTheoryAttribute : TheoryAttribute
{
    public OneDnnTheoryAttribute() => Skip = OneDnnBackend.TryCreate(out string reason) is null ? reason : null;
}
