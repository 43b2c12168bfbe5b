# Runs the command line tool: build/cnnzoo.ps1 VERB ... (build/cnnzoo.ps1 --help lists the verbs).
# Builds it first when its sources are newer.
$root = Split-Path $PSScriptRoot
$tool = "$root/examples/CnnZoo.Cli/bin/Release/net10.0/cnnzoo.dll"
$sources = Get-ChildItem "$root/examples/CnnZoo.Cli", "$root/Microsoft.ML.CnnZoo", "$root/Directory.*.props" -Recurse -File |
    Where-Object FullName -NotMatch '[\\/](bin|obj)[\\/]'
if (-not (Test-Path $tool) -or ($sources.LastWriteTime -gt (Get-Item $tool).LastWriteTime)) {
    dotnet build "$root/examples/CnnZoo.Cli" -c Release --nologo -v quiet | ForEach-Object { [Console]::Error.WriteLine($_) }
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    (Get-Item $tool).LastWriteTime = Get-Date
}
dotnet $tool @args
exit $LASTEXITCODE
