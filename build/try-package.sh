#!/usr/bin/env bash
# Packs the library, and uses the package as a stranger would: a console project outside the repository, whose program is
# the one in the package's README, trains, saves, and classifies in a fresh process; published as a single file and
# ReadyToRun too. The command line tool is packed and installed as a .NET tool.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

root="$PWD"
work="$(mktemp -d)"
export NUGET_PACKAGES="${NUGET_PACKAGES:-$HOME/.nuget/packages}"
# A version of its own, so that no copy of an earlier run is taken from the cache of packages.
version="0.0.0-try.$$.$(date +%s)"
trap 'rm -rf "$work" "$NUGET_PACKAGES"/{microsoft.ml.cnnzoo,cnnzoo.tool}/"$version"' EXIT

fail() {
  echo "try-package: $*" >&2
  exit 1
}

# A gray bitmap of 28x28 pixels: FILE OCTAL.
bitmap() {
  {
    printf 'BM\066\x0a\0\0\0\0\0\0\066\0\0\0\050\0\0\0\034\0\0\0\034\0\0\0\001\0\030\0'
    head -c 24 /dev/zero
    head -c 2352 /dev/zero | tr '\0' "\\$2"
  } >"$1"
}

# Runs the program both ways: NAME COMMAND...
use() {
  local name="$1" answer class
  shift
  rm -f "$work/model.zip"
  "$@" train "$work/images" "$work/model.zip"
  for class in light dark; do
    answer="$("$@" classify "$work/model.zip" "$work/images/$class/3.bmp")"
    [[ "$answer" == *"Label = $class,"* ]] || fail "$name: unexpected answer: $answer"
  done
  echo "try-package: $name: ${answer##*/}"
}

dotnet pack Microsoft.ML.CnnZoo -c Release --nologo -v quiet -clp:ErrorsOnly \
  -p:PackageVersion="$version" -o "$work/packages"

mkdir -p "$work/app" "$work/images/light" "$work/images/dark"
for i in 1 2 3 4 5; do
  bitmap "$work/images/light/$i.bmp" "37$i"
  bitmap "$work/images/dark/$i.bmp" "02$i"
done
cp "$root/NuGet.config" "$work/app/"
cat >"$work/app/app.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <RestoreAdditionalProjectSources>$work/packages</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Microsoft.ML.CnnZoo" Version="$version" />
  </ItemGroup>
</Project>
EOF
sed -n '/^```csharp$/,/^```$/p' Microsoft.ML.CnnZoo/PACKAGE.md | sed '/^```/d' >"$work/app/Program.cs"
cd "$work/app"

dotnet build -c Release --nologo -v quiet -clp:ErrorsOnly
use "framework-dependent" dotnet bin/Release/net10.0/app.dll
[ ! -e bin/Release/net10.0/Mono.Cecil.dll ] || fail "the package brings Mono.Cecil along"
grep -q '"Microsoft.ML/' obj/project.assets.json || fail "the package does not depend on Microsoft.ML"

# Publishes and uses the program: NAME ARGUMENTS...
publish() {
  local name="$1"
  shift
  dotnet publish -c Release --nologo -v quiet --use-current-runtime -o "$work/published" "$@"
  use "$name" "$work/published/app"
  rm -rf "$work/published"
}

publish "single file" --self-contained false -p:PublishSingleFile=true
publish "self-contained single file" --self-contained true -p:PublishSingleFile=true
publish "ReadyToRun" --self-contained false -p:PublishReadyToRun=true

for trimming in PublishTrimmed PublishAot; do
  if output="$(dotnet publish -c Release --nologo -v quiet --use-current-runtime "-p:$trimming=true" 2>&1)"; then
    fail "$trimming: was published"
  fi
  [[ "$output" == *"CNNZOO001: Microsoft.ML.CnnZoo cannot be published trimmed"* ]] ||
    fail "$trimming: no reason given: $output"
  echo "try-package: $trimming: refused with the reason"
done

dotnet pack "$root/examples/CnnZoo.Cli" -c Release --nologo -v quiet -clp:ErrorsOnly \
  -p:PackageVersion="$version" -o "$work/packages"
dotnet tool install CnnZoo.Tool --version "$version" --tool-path "$work/tool" --add-source "$work/packages" >/dev/null
"$work/tool/cnnzoo" list | grep -q lenet5_relu || fail "the installed tool does not list its networks"
"$work/tool/cnnzoo" train --data "$work/images" --arch lenet5_relu --epochs 1 --out "$work/tool.zip" >/dev/null
echo "try-package: the tool cnnzoo: installed, lists and trains"
