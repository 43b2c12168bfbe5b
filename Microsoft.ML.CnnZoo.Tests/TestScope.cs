namespace Microsoft.ML.CnnZoo.Tests;

/// <summary>How much a run of the suite tests.</summary>
internal static class TestScope
{
    /// <summary>Whether CNNZOO_FULL=1 asks for the networks and cases that take many minutes, too.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("CNNZOO_FULL") == "1";
}
