using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.CnnZoo.Weights.PyTorch;

/// <summary>What a pickle may refer to outside itself; everything else is refused by its name.</summary>
internal interface IPickleObjects
{
    /// <summary>The class or function of that name.</summary>
    /// <exception cref="InvalidDataException">It is none that is known: nothing is ever looked up or run.</exception>
    object Global(string module, string name);

    /// <summary>The result of one of those functions.</summary>
    object? Call(object? function, object?[] arguments);

    /// <summary>The object of an identity that the file defines outside the pickle.</summary>
    object? Persistent(object? identity);
}

/// <summary>A Python dictionary: pairs in their order.</summary>
internal sealed class PickleDictionary
{
    /// <summary>Keys and values; a later pair replaces an earlier one of the same key.</summary>
    public List<KeyValuePair<object?, object?>> Items { get; } = [];

    /// <summary>The value of a key that is text, or null.</summary>
    public object? this[string key] => Items.FindLast(item => item.Key is string text && text == key).Value;
}

/// <summary>
/// Reads pickles of protocols 2 to 5: numbers, texts, tuples, lists, dictionaries and what <see cref="IPickleObjects"/>
/// allows. A stack machine without recursion, whose memory is bounded by the length of the pickle.
/// </summary>
/// <remarks>
/// None, bool, long (BigInteger beyond), double, string, byte[], object?[] for tuples, List for lists and sets.
/// Opcodes: Python's Lib/pickletools.py; those of protocols 0 and 1 that PyTorch never wrote are refused.
/// </remarks>
internal sealed class PickleReader(byte[] data, string path, IPickleObjects objects)
{
    /// <summary>Longest pickle accepted, bytes; a tensor takes about 250.</summary>
    public const int MaxBytes = 1 << 26;

    private const int MaxOperations = 4_000_000;

    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _operations;

    /// <summary>Where the next pickle starts.</summary>
    public int Position { get; private set; }

    /// <summary>Reads one pickle.</summary>
    /// <exception cref="InvalidDataException">It is damaged or refers to something that is not allowed.</exception>
    public object? Read()
    {
        _stack.Clear();
        _marks.Clear();
        _memo.Clear();
        while (true)
        {
            if (++_operations > MaxOperations)
                throw Invalid($"more than {MaxOperations} operations");
            byte code = Byte();
            if (code == '.')
                return Pop();
            Execute(code);
        }
    }

    private void Execute(byte code)
    {
        switch (code)
        {
            case 0x80: // PROTO
                if (Byte() is var protocol && protocol > 5)
                    throw Invalid($"protocol {protocol}; expected 2 to 5");
                break;
            case 0x95: Bytes(8); break; // FRAME
            case (byte)'(': _marks.Push(_stack.Count); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopMark(); break;
            case (byte)'2': Push(Peek()); break;
            case (byte)'q': Memoize(Byte()); break;
            case (byte)'r': Memoize(UInt32()); break;
            case 0x94: Memoize(_memo.Count); break;
            case (byte)'h': Recall(Byte()); break;
            case (byte)'j': Recall(UInt32()); break;
            case (byte)'c': Push(objects.Global(Line(), Line())); break;
            case 0x93: // STACK_GLOBAL
                (object? name, object? module) = (Pop(), Pop());
                Push(objects.Global(Text(module), Text(name)));
                break;
            case (byte)'Q': Push(objects.Persistent(Pop())); break;
            case (byte)'R' or 0x81: Call(); break; // REDUCE, NEWOBJ
            case (byte)'b': Build(); break;
            default:
                if (!TryScalar(code) && !TryContainer(code))
                    throw Invalid($"the operation 0x{code:x2}");
                break;
        }
    }

    private bool TryScalar(byte code)
    {
        object? value;
        switch (code)
        {
            case (byte)'N': value = null; break;
            case 0x88: value = true; break;
            case 0x89: value = false; break;
            case (byte)'K': value = (long)Byte(); break;
            case (byte)'M': value = (long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)); break;
            case (byte)'J': value = (long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)); break;
            case 0x8a: value = Narrowed(new BigInteger(Bytes(Byte()))); break;
            case 0x8b: value = Narrowed(new BigInteger(Bytes(UInt32()))); break;
            case (byte)'G': value = BinaryPrimitives.ReadDoubleBigEndian(Bytes(8)); break;
            case (byte)'U': value = Encoding.Latin1.GetString(Bytes(Byte())); break;
            case (byte)'T': value = Encoding.Latin1.GetString(Bytes(UInt32())); break;
            case 0x8c: value = Encoding.UTF8.GetString(Bytes(Byte())); break;
            case (byte)'X': value = Encoding.UTF8.GetString(Bytes(UInt32())); break;
            case 0x8d: value = Encoding.UTF8.GetString(Bytes(UInt64())); break;
            case (byte)'C': value = Bytes(Byte()).ToArray(); break;
            case (byte)'B': value = Bytes(UInt32()).ToArray(); break;
            case 0x8e or 0x96: value = Bytes(UInt64()).ToArray(); break;
            default: return false;
        }
        Push(value);
        return true;
    }

    private bool TryContainer(byte code)
    {
        switch (code)
        {
            case (byte)')': Push(Array.Empty<object?>()); break;
            case (byte)'t': Push(PopMark()); break;
            case 0x85: Push(PopLast(1)); break;
            case 0x86: Push(PopLast(2)); break;
            case 0x87: Push(PopLast(3)); break;
            case (byte)']' or 0x8f: Push(new List<object?>()); break; // EMPTY_LIST, EMPTY_SET
            case (byte)'l' or 0x91: Push(new List<object?>(PopMark())); break; // LIST, FROZENSET
            case (byte)'a': Append(PopLast(1)); break;
            case (byte)'e' or 0x90: Append(PopMark()); break; // APPENDS, ADDITEMS
            case (byte)'}': Push(new PickleDictionary()); break;
            case (byte)'d':
                object?[] pairs = PopMark();
                Push(new PickleDictionary());
                SetItems(pairs);
                break;
            case (byte)'s': SetItems(PopLast(2)); break;
            case (byte)'u': SetItems(PopMark()); break;
            default: return false;
        }
        return true;
    }

    private void Call()
    {
        object?[] arguments = Pop() as object?[] ?? throw Invalid("a call without a tuple of arguments");
        Push(objects.Call(Pop(), arguments));
    }

    /// <summary>A state dict's attribute <c>_metadata</c> is all that has a state in files of weights.</summary>
    private void Build()
    {
        Pop();
        if (Peek() is not PickleDictionary)
            throw Invalid("an object with a state of its own");
    }

    private void Append(object?[] values)
    {
        if (Peek() is not List<object?> list)
            throw Invalid("values for something that is no list");
        list.AddRange(values);
    }

    private void SetItems(object?[] pairs)
    {
        if (Peek() is not PickleDictionary dictionary || pairs.Length % 2 != 0)
            throw Invalid("pairs for something that is no dictionary");
        for (int i = 0; i < pairs.Length; i += 2)
            dictionary.Items.Add(new(pairs[i], pairs[i + 1]));
    }

    private void Memoize(long key) => _memo[key] = Peek();

    private void Recall(long key) =>
        Push(_memo.TryGetValue(key, out object? value) ? value : throw Invalid($"no object of number {key}"));

    private void Push(object? value) => _stack.Add(value);

    private object? Pop() => PopLast(1)[0];

    private object? Peek()
    {
        CheckDepth(1);
        return _stack[^1];
    }

    private object?[] PopLast(int count)
    {
        CheckDepth(count);
        object?[] values = CollectionsMarshal.AsSpan(_stack)[^count..].ToArray();
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopMark()
    {
        if (!_marks.TryPop(out int mark))
            throw Invalid("no start of a sequence");
        return PopLast(_stack.Count - mark);
    }

    private void CheckDepth(int count)
    {
        int floor = _marks.TryPeek(out int mark) ? mark : 0;
        if (_stack.Count - count < floor)
            throw Invalid("too few values");
    }

    private byte Byte() => Bytes(1)[0];

    private long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    private long UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8)) is var value and <= int.MaxValue
        ? (long)value : throw Invalid("its end is missing");

    private ReadOnlySpan<byte> Bytes(long count)
    {
        if (count > data.Length - Position)
            throw Invalid("its end is missing");
        ReadOnlySpan<byte> bytes = data.AsSpan(Position, (int)count);
        Position += (int)count;
        return bytes;
    }

    private string Line()
    {
        int length = data.AsSpan(Position).IndexOf((byte)'\n');
        if (length < 0)
            throw Invalid("its end is missing");
        string line = Encoding.UTF8.GetString(Bytes(length));
        Position++;
        return line;
    }

    private static object Narrowed(BigInteger value)
    {
        object wide = value;
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : wide;
    }

    private string Text(object? value) => value as string ?? throw Invalid("a name that is no text");

    private InvalidDataException Invalid(string what) =>
        new($"'{path}' is not a valid file of torch.save: its pickle has {what} at byte {Position}.");
}
