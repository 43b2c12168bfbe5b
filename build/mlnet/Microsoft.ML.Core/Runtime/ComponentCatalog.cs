using System;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.Runtime;

/// <summary>The components that models may name. Every MLContext has one of its own.</summary>
public sealed class ComponentCatalog
{
    private readonly object _lock = new();
    private readonly HashSet<string> _assemblies = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, Type Signature), LoadableClassAttributeBase> _classes = [];
    private readonly Dictionary<(Type Attribute, string Contract), Type> _extensions = [];

    internal ComponentCatalog()
    {
    }

    /// <summary>Makes an assembly's loadable classes and extensions known; a second time it does nothing.</summary>
    /// <exception cref="InvalidOperationException">A name is taken by another class.</exception>
    public void RegisterAssembly(Assembly assembly, bool throwOnError = true)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        lock (_lock)
        {
            if (!_assemblies.Add(assembly.FullName))
                return;
            foreach (LoadableClassAttributeBase attribute in assembly.GetCustomAttributes(typeof(LoadableClassAttributeBase), false))
                AddClass(attribute, throwOnError);
            foreach (Type type in TypesOf(assembly))
            {
                if (type.IsClass && type.GetCustomAttribute<ExtensionBaseAttribute>(false) is { } extension)
                    AddExtension(extension, type, throwOnError);
            }
        }
    }

    /// <summary>Makes what a loader signature stands for; false if it is not known.</summary>
    internal bool TryCreateInstance<TSig>(IHostEnvironment env, string name, object[] extra, out object result)
    {
        LoadableClassAttributeBase found;
        lock (_lock)
        {
            if (!_classes.TryGetValue((Key(name), typeof(TSig)), out found))
            {
                result = null;
                return false;
            }
        }
        result = Create(found, env, extra);
        return true;
    }

    /// <summary>An instance of the class that has an extension attribute of the type and contract name.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    internal object CreateExtension(Type attribute, string contractName)
    {
        Type type;
        lock (_lock)
        {
            if (!_extensions.TryGetValue((attribute, contractName), out type))
                throw new InvalidOperationException($"Could not find extension of type '{attribute.FullName}' and contract name '{contractName}'.");
        }
        return Activator.CreateInstance(type, nonPublic: true);
    }

    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException ex)
        {
            return Array.FindAll(ex.Types, t => t != null);
        }
    }

    private static string Key(string name) => name.ToLower(CultureInfo.InvariantCulture).Trim();

    private void AddClass(LoadableClassAttributeBase attribute, bool throwOnError)
    {
        foreach (string name in attribute.LoadNames)
        {
            (string, Type) key = (Key(name), attribute.SignatureType);
            if (_classes.TryAdd(key, attribute) || !throwOnError || _classes[key].LoaderType == attribute.LoaderType)
                continue;
            throw new InvalidOperationException($"ComponentCatalog cannot map name '{name}' and SignatureType '{attribute.SignatureType}' to {attribute.LoaderType.Name}, already mapped to {_classes[key].LoaderType.Name}.");
        }
    }

    private void AddExtension(ExtensionBaseAttribute extension, Type type, bool throwOnError)
    {
        (Type, string) key = (extension.GetType(), extension.ContractName);
        if (!_extensions.TryAdd(key, type) && throwOnError)
            throw new InvalidOperationException($"ComponentCatalog cannot map name '{extension.ContractName}' to {type.Name}, already mapped to {_extensions[key].Name}.");
    }

    private static object Create(LoadableClassAttributeBase loadable, IHostEnvironment env, object[] extra)
    {
        const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        const BindingFlags AnyStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.FlattenHierarchy;
        Type[] signature = Array.ConvertAll(loadable.SignatureType.GetMethod("Invoke").GetParameters(), p => p.ParameterType);
        foreach (bool withEnvironment in new[] { true, false })
        {
            Type[] types = withEnvironment ? [typeof(IHostEnvironment), .. signature] : signature;
            object[] arguments = withEnvironment ? [env, .. extra] : extra;
            MethodBase maker = loadable.InstanceType.IsAssignableFrom(loadable.LoaderType) && !loadable.LoaderType.IsAbstract
                ? loadable.LoaderType.GetConstructor(Any, null, types, null)
                : null;
            if (maker is ConstructorInfo constructor)
                return Invoke(() => constructor.Invoke(arguments));
            maker = loadable.LoaderType.GetMethod("Create", AnyStatic, null, types, null);
            if (maker is MethodInfo method && method.ReturnType == loadable.InstanceType)
                return Invoke(() => method.Invoke(null, arguments));
        }
        throw new InvalidOperationException($"Can't instantiate class '{loadable.LoaderType.FullName}': it has no constructor and no static Create method with the parameters of {loadable.SignatureType.Name}.");
    }

    private static object Invoke(Func<object> call)
    {
        try
        {
            return call();
        }
        catch (TargetInvocationException ex)
        {
            throw new InvalidOperationException($"Error during class instantiation: {ex.InnerException?.Message}", ex.InnerException);
        }
    }
}
