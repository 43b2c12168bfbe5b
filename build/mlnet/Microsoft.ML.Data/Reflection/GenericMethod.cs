using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Calls a generic method for types that are known at run time only, such as a column's raw type.</summary>
internal static class GenericMethod
{
    private const BindingFlags Declared = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Calls an instance method with one type parameter, declared by the target's class under a name of its own.</summary>
    public static object Invoke(object target, string method, Type typeArgument, params object[] arguments) =>
        Call(target.GetType(), target, method, [typeArgument], arguments);

    /// <summary>Calls a static method with one type parameter, declared by the owner under a name of its own.</summary>
    public static object InvokeStatic(Type owner, string method, Type typeArgument, params object[] arguments) =>
        Call(owner, null, method, [typeArgument], arguments);

    /// <summary>Calls a static method with type parameters, declared by the owner under a name of its own.</summary>
    public static object InvokeStatic(Type owner, string method, Type[] typeArguments, params object[] arguments) =>
        Call(owner, null, method, typeArguments, arguments);

    private static object Call(Type owner, object target, string method, Type[] typeArguments, object[] arguments) =>
        owner.GetMethod(method, Declared).MakeGenericMethod(typeArguments)
            .Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
}
