namespace Microsoft.ML.Transforms;

/// <summary>Gives a factory of custom mappings the contract name by which saved models find it.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CustomMappingFactoryAttributeAttribute : ExtensionBaseAttribute
{
    public CustomMappingFactoryAttributeAttribute(string contractName) : base(contractName)
    {
    }
}
