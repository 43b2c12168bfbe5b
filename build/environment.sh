# Sourced by the scripts of this folder: goes to the repository's root and prepares the shell for dotnet.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
# Build servers that outlive a script keep its pipes open.
export MSBUILDDISABLENODEREUSE=1

if ! command -v dotnet >/dev/null; then
  for folder in "${DOTNET_ROOT:-}" "${HOME:-}/.dotnet" /usr/share/dotnet /usr/lib/dotnet; do
    if [ -x "$folder/dotnet" ]; then
      export PATH="$folder:$PATH"
      break
    fi
  done
fi
if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK 10 is needed and was not found (no 'dotnet' on the PATH)." >&2
  exit 1
fi
