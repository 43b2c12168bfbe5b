using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.CnnZoo.Training.Checkpoints;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Options as JSON: values only; records with the name of their type; no callbacks, threads or data.</summary>
internal static class OptionsJson
{
    private static readonly JsonSerializerOptions Format = new()
    {
        IncludeFields = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters =
        {
            new JsonStringEnumConverter(), new TextConverter<Initializer>(initializer => initializer.ToString()),
            new TextConverter<CnnArchitecture>(network => network.Name),
            new TextConverter<CnnWeights>(weights => weights.Source), new NamedTypeConverterFactory(),
        },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepValues } },
    };

    /// <summary>The names and values of an object's properties and fields.</summary>
    public static JsonObject Of<T>(T options) => JsonSerializer.SerializeToNode(options, Format)!.AsObject();

    /// <summary>A value as JSON.</summary>
    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Format);

    private static void KeepValues(JsonTypeInfo info)
    {
        for (int i = info.Properties.Count - 1; i >= 0; i--)
            if (!IsValue(info.Properties[i].PropertyType))
                info.Properties.RemoveAt(i);
    }

    private static bool IsValue(Type type) => type == typeof(CnnWeights) || !(typeof(Delegate).IsAssignableFrom(type)
        || typeof(IDisposable).IsAssignableFrom(type) || type == typeof(CancellationToken) || type == typeof(CheckpointPlan)
        || (type.IsInterface && !type.IsGenericType));

    private sealed class TextConverter<T>(Func<T, string> text) : JsonConverter<T> where T : class
    {
        public override bool CanConvert(Type typeToConvert) => typeof(T).IsAssignableFrom(typeToConvert);

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(text(value));
    }

    /// <summary>Optimizers, schedules, losses: a name and what the type has.</summary>
    private sealed class NamedTypeConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) =>
            typeToConvert.IsAbstract && typeToConvert.Assembly == typeof(OptionsJson).Assembly;

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(NamedTypeConverter<>).MakeGenericType(typeToConvert))!;
    }

    private sealed class NamedTypeConverter<T> : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            JsonObject node = JsonSerializer.SerializeToNode(value, value!.GetType(), options)!.AsObject();
            node.Insert(0, "type", value.GetType().Name);
            node.WriteTo(writer, options);
        }
    }
}
