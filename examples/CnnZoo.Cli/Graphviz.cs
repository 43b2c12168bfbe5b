using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace CnnZoo.Cli;

/// <summary>Graphviz' program <c>dot</c>, where it is installed.</summary>
internal static class Graphviz
{
    /// <summary>Draws a graph as SVG.</summary>
    /// <exception cref="CommandException">The program is missing or fails.</exception>
    public static byte[] Render(string dot)
    {
        var start = new ProcessStartInfo("dot", "-Tsvg")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        using Process process = Start(start);
        using var svg = new MemoryStream();
        Task output = process.StandardOutput.BaseStream.CopyToAsync(svg);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(dot);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it had read everything: its exit code and its own words say why.
        }
        process.WaitForExit();
        output.Wait();
        return process.ExitCode == 0 ? svg.ToArray()
            : throw new CommandException(
                $"Graphviz' program 'dot' failed with exit code {process.ExitCode}: {errors.Result}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw new CommandException("Drawing an .svg needs Graphviz' program 'dot', which is not installed: "
                + "install the package 'graphviz' (apt-get install graphviz), or write a .dot file.");
        }
    }
}
