namespace Microsoft.ML;

/// <summary>Can be saved in a model file.</summary>
public interface ICanSaveModel
{
    /// <summary>Saves what is needed to make the object again.</summary>
    void Save(ModelSaveContext ctx);
}
