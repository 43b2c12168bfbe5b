using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;

namespace Microsoft.ML.CnnZoo;

public abstract partial class CnnArchitecture
{
    /// <summary>
    /// A classifier from an ONNX file, as an architecture like any other: trained, fine-tuned, scored, saved. Training
    /// starts from the file's weights; a model that is saved does not need the file.
    /// </summary>
    /// <param name="path">The file; operator sets 7 and later.</param>
    /// <param name="options">What the file leaves unsaid; null: nothing.</param>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, is no image classifier, or uses what is not supported: all of it is named.
    /// </exception>
    public static CnnArchitecture FromOnnx(string path, CnnImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CnnImportOptions();
        return Importer.Import(OnnxReader.Read(path, options.Image), options);
    }

    /// <summary>
    /// A classifier from TensorFlow, as an architecture like any other: a frozen GraphDef (.pb), or a SavedModel of
    /// TensorFlow 1 or 2, as Keras writes it.
    /// </summary>
    /// <param name="path">The file, or the SavedModel's folder.</param>
    /// <param name="options">What the file leaves unsaid; null: nothing.</param>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, is no image classifier, or uses what is not supported: all of it is named.
    /// </exception>
    public static CnnArchitecture FromTensorFlow(string path, CnnImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CnnImportOptions();
        return Importer.Import(TensorFlowReader.Read(path, options.Signature, options.Image), options);
    }
}
