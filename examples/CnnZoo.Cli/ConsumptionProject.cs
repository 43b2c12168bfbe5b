using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>A small C# project that classifies images by a model; its files are in the folder Consumption.</summary>
internal static partial class ConsumptionProject
{
    private const string ModelName = "model.zip", VersionMark = "$version$", TemplateEnding = ".txt";
    private static readonly string[] Templates = ["Program.cs.txt", "WebApi.cs.txt", "ModelInput.cs.txt", "ModelOutput.cs.txt"];

    /// <summary>The version of the package that the tool was built with.</summary>
    public static string ToolVersion { get; } = typeof(CnnArchitectures).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Whether a text can be a project's name.</summary>
    public static bool IsName(string text) => Names().IsMatch(text);

    /// <summary>Writes the project; of one that is there the model alone is replaced.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">Its name.</param>
    /// <param name="model">The model file.</param>
    /// <param name="version">Version of the package Microsoft.ML.CnnZoo.</param>
    public static void Write(string folder, string name, string model, string version)
    {
        bool isThere = File.Exists(Path.Combine(folder, $"{name}.csproj"));
        Directory.CreateDirectory(folder);
        File.Copy(model, Path.Combine(folder, ModelName), overwrite: true);
        if (isThere)
            return;
        foreach (string template in Templates)
            File.WriteAllText(Path.Combine(folder, template[..^TemplateEnding.Length]), Read(template));
        File.WriteAllText(Path.Combine(folder, $"{name}.csproj"),
            Read("Consume.csproj.txt").Replace(VersionMark, version, StringComparison.Ordinal));
    }

    private static string Read(string template)
    {
        using Stream stream = typeof(ConsumptionProject).Assembly.GetManifestResourceStream(template)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$")]
    private static partial Regex Names();
}
