using System;

namespace Microsoft.ML;

/// <summary>Base of attributes by which models find classes of a user's assembly under a contract name.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class ExtensionBaseAttribute : Attribute
{
    private protected ExtensionBaseAttribute(string contractName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(contractName);
        ContractName = contractName;
    }

    /// <summary>The name.</summary>
    public string ContractName { get; }
}
