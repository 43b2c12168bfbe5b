namespace Microsoft.ML.CnnZoo;

/// <summary>
/// A data set whose folder holds a <c>train</c> folder and, beside it, images to validate or test with.
/// </summary>
/// <param name="Train">Images to train on.</param>
/// <param name="Validation">Images that choose the best epoch (<c>val</c>, <c>valid</c>, <c>validation</c>); null if
/// there is no such folder.</param>
/// <param name="Test">Images to evaluate on (<c>test</c>, <c>testing</c>); null if there is no such folder.</param>
public sealed record ImageFolderSplits(ImageFolder Train, ImageFolder? Validation, ImageFolder? Test);
