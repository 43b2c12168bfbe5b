# From a fresh clone to a trained network: builds and runs examples/Quickstart.
Push-Location "$PSScriptRoot/.."
try { dotnet run -c Release --project examples/Quickstart -- @args }
finally { Pop-Location }
exit $LASTEXITCODE
