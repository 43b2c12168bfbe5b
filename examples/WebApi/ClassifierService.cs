using System.ComponentModel;
using System.Reflection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.ML.CnnZoo;

namespace WebApi;

/// <summary>What a model is.</summary>
/// <param name="Network">Its architecture.</param>
/// <param name="Classes">Its classes.</param>
/// <param name="Width">Columns of the network's image.</param>
/// <param name="Height">Rows of the network's image.</param>
internal sealed record ModelDescription(string Network, IReadOnlyList<string> Classes, int Width, int Height);

/// <summary>
/// One network for all requests: <see cref="CnnClassificationTransformer"/> is safe to call from many threads, each of which
/// is lent a compiled plan out of a pool.
/// </summary>
internal static class ClassifierService
{
    private const string Work = "work";

    /// <summary>Not occlusion, which scores an image hundreds of times.</summary>
    private static readonly Dictionary<string, ExplanationMethod> Methods = new(StringComparer.OrdinalIgnoreCase)
    {
        ["gradcam"] = ExplanationMethod.GradCam,
        ["saliency"] = ExplanationMethod.Saliency,
        ["smoothgrad"] = ExplanationMethod.SmoothGrad,
    };

    /// <summary>The service, to be run.</summary>
    /// <param name="args">Settings of ASP.NET Core and <see cref="ServiceOptions"/>.</param>
    /// <param name="network">The network, which stays the caller's.</param>
    /// <param name="configure">Changes the host, for tests.</param>
    public static WebApplication Build(string[] args, CnnClassificationTransformer network,
        Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
        ServiceOptions options = builder.Configuration.GetSection("Service").Get<ServiceOptions>() ?? new();
        builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = options.MaxUploadBytes);
        builder.Services.AddSingleton(options).AddSingleton(network);
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Describe);
        builder.Services.AddOpenApi();
        builder.Services.AddHealthChecks().AddCheck<NetworkHealth>("network");
        builder.Services.AddRateLimiter(limiter => Limit(limiter, options));
        configure?.Invoke(builder);
        WebApplication app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = e => (e as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status500InternalServerError,
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
        });
        app.UseStatusCodePages();
        app.UseRateLimiter();
        app.MapOpenApi();
        app.MapHealthChecks("/health");
        MapPage(app);
        MapNetwork(app);
        return app;
    }

    /// <summary>More work than processors makes every answer late; more waiting than that makes them useless.</summary>
    private static void Limit(RateLimiterOptions limiter, ServiceOptions options)
    {
        limiter.AddConcurrencyLimiter(Work, work =>
            (work.PermitLimit, work.QueueLimit) = (options.MaxConcurrent, options.MaxWaiting));
        limiter.OnRejected = async (context, _) =>
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            await Problem(StatusCodes.Status503ServiceUnavailable, "Busy", "More requests wait than the service accepts: try again.")
                .ExecuteAsync(context.HttpContext);
        };
    }

    private static void MapNetwork(WebApplication app)
    {
        app.MapGet("/model", (CnnClassificationTransformer network) => new ModelDescription(
                network.Model.Architecture.DisplayName, network.ClassNames, network.Model.Image.Width, network.Model.Image.Height))
            .WithSummary("The model.");
        RouteGroupBuilder work = app.MapGroup("").RequireRateLimiting(Work)
            .AddEndpointFilter(async (context, next) => await Answer(() => next(context)))
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        work.MapPost("/classify", Classify).Produces<IReadOnlyList<ClassProbability>>()
            .Accepts<byte[]>("image/*", "application/octet-stream")
            .WithSummary("The most probable classes of an image, the most probable first.");
        work.MapPost("/explain", Explain).Produces(StatusCodes.Status200OK, contentType: "image/png")
            .Accepts<byte[]>("image/*", "application/octet-stream")
            .WithSummary("The image under a heat map of what speaks for a class, as PNG.");
    }

    private static async Task<IResult> Classify(HttpRequest request, ServiceOptions options, CnnClassificationTransformer network,
        [Description("How many classes, 1 or more.")] int top = 5)
    {
        if (top < 1)
            throw new BadHttpRequestException($"top is {top}; expected 1 or more.");
        byte[] image = await Upload.ReadAsync(request, options);
        return Results.Ok(network.Classify(image, top));
    }

    private static async Task<IResult> Explain(HttpRequest request, ServiceOptions options, CnnClassificationTransformer network,
        [Description("The class; the most probable one where it is left out.")] string? className = null,
        [Description("gradcam, saliency or smoothgrad.")] string method = "gradcam",
        [Description("Pixels of the picture's longer side, 16 to 1024.")] int side = 448)
    {
        if (side is < 16 or > 1024)
            throw new BadHttpRequestException($"side is {side}; expected 16 to 1024.");
        if (!Methods.TryGetValue(method, out ExplanationMethod chosen))
            throw new BadHttpRequestException($"method is '{method}'; expected {string.Join(" or ", Methods.Keys)}.");
        byte[] image = await Upload.ReadAsync(request, options);
        CnnExplanation explanation = network.Explain(image, new() { Method = chosen, ClassName = className });
        return Results.Bytes(explanation.ToPng(side), "image/png");
    }

    /// <summary>What is wrong with a request becomes a problem document (RFC 9457).</summary>
    private static async ValueTask<object?> Answer(Func<ValueTask<object?>> answer)
    {
        try
        {
            return await answer();
        }
        catch (BadHttpRequestException e)
        {
            return Problem(e.StatusCode, e.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => "Too large",
                _ => "Bad request",
            }, e.Message);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentOutOfRangeException)
        {
            return Problem(StatusCodes.Status400BadRequest, e is InvalidDataException ? "Bad image" : "Bad request", e.Message);
        }
    }

    /// <summary>The framework compares types with what the endpoints accept, and says no more than that they differ.</summary>
    private static void Describe(ProblemDetailsContext context)
    {
        if (context.ProblemDetails.Status == StatusCodes.Status415UnsupportedMediaType)
            context.ProblemDetails.Detail = $"The body is '{context.HttpContext.Request.ContentType}'; expected an image file as it "
                + "is, with its type (image/jpeg, image/png, …) or application/octet-stream.";
    }

    private static IResult Problem(int status, string title, string detail) =>
        Results.Problem(detail, statusCode: status, title: title);

    private static void MapPage(WebApplication app)
    {
        foreach ((string path, string name, string type) in ((string, string, string)[])[("/", "index.html", "text/html"),
            ("/page.css", "page.css", "text/css"), ("/page.js", "page.js", "text/javascript")])
        {
            byte[] content = Embedded(name);
            app.MapGet(path, (HttpResponse response) =>
            {
                response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
                    + "connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
                response.Headers.XContentTypeOptions = "nosniff";
                return Results.Bytes(content, $"{type}; charset=utf-8");
            }).ExcludeFromDescription();
        }
    }

    private static byte[] Embedded(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>Whether the network gives probabilities for a gray image.</summary>
    private sealed class NetworkHealth(CnnClassificationTransformer network) : IHealthCheck
    {
        private static readonly byte[] Gray = Embedded("gray.png");

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(network.Classify(Gray, 1) is [{ Probability: > 0 }] ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("The network gives no probabilities."));
    }
}
