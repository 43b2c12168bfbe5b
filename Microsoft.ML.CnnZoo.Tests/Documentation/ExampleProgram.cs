using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>
/// Compiles a block of C# as a console program, as <c>dotnet new console</c> has it: top-level statements, implicit usings.
/// </summary>
internal static class ExampleProgram
{
    private const string ImplicitUsings =
        """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private static readonly Lazy<MetadataReference[]> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))]);

    /// <summary>Compiles to a file.</summary>
    /// <returns>The compiler's errors and warnings; empty when there are none.</returns>
    public static IReadOnlyList<string> Compile(string source, string assembly)
    {
        CSharpParseOptions parse = new(LanguageVersion.Latest);
        CSharpCompilation compilation = CSharpCompilation.Create(Path.GetFileNameWithoutExtension(assembly),
            [CSharpSyntaxTree.ParseText(source, parse), CSharpSyntaxTree.ParseText(ImplicitUsings, parse)],
            References.Value, new CSharpCompilationOptions(
                Microsoft.CodeAnalysis.OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        EmitResult result = compilation.Emit(assembly);
        return [.. result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).Select(d => d.ToString())];
    }

    /// <summary>Runs a compiled program in this process.</summary>
    public static void Run(string assembly)
    {
        MethodInfo entry = AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.GetFullPath(assembly)).EntryPoint!;
        if (entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()]) is Task task)
            task.GetAwaiter().GetResult();
    }
}
