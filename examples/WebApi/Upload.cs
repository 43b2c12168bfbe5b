using System.Buffers;
using SkiaSharp;

namespace WebApi;

/// <summary>An image that a client sent: in memory, within the limits, on no disk.</summary>
internal static class Upload
{
    private const int FirstBuffer = 64 << 10;

    /// <summary>Reads a request's body.</summary>
    /// <exception cref="BadHttpRequestException">It is too large (413), empty or no image (400), or its image has too many
    /// pixels (413).</exception>
    public static async Task<byte[]> ReadAsync(HttpRequest request, ServiceOptions options)
    {
        if (request.ContentLength > options.MaxUploadBytes)
            throw TooLarge(options);
        byte[] file = await ReadBodyAsync(request, options);
        CheckSize(file, options);
        return file;
    }

    private static async Task<byte[]> ReadBodyAsync(HttpRequest request, ServiceOptions options)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int?)request.ContentLength + 1 ?? FirstBuffer);
        try
        {
            int length = 0;
            while (await request.Body.ReadAsync(buffer.AsMemory(length), request.HttpContext.RequestAborted) is > 0 and int read)
            {
                length += read;
                if (length > options.MaxUploadBytes)
                    throw TooLarge(options);
                if (length == buffer.Length)
                    buffer = Enlarge(buffer);
            }
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Enlarge(byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    /// <summary>Reads the header: a few bytes can claim to be an image of gigabytes.</summary>
    private static void CheckSize(byte[] file, ServiceOptions options)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data) ?? throw new BadHttpRequestException(
            file.Length == 0 ? "The body is empty; expected an image file." : $"The body's {file.Length:N0} bytes are no image.");
        if ((long)codec.Info.Width * codec.Info.Height > options.MaxPixels)
            throw new BadHttpRequestException($"The image has {codec.Info.Width}x{codec.Info.Height} pixels; at most "
                + $"{options.MaxPixels:N0} are decoded.", StatusCodes.Status413PayloadTooLarge);
    }

    private static BadHttpRequestException TooLarge(ServiceOptions options) => new(
        $"The body is larger than {options.MaxUploadBytes:N0} bytes.", StatusCodes.Status413PayloadTooLarge);
}
