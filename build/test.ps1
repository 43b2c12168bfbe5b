# Builds everything and runs all tests. Arguments are passed on to `dotnet test`.
Push-Location "$PSScriptRoot/.."
try { dotnet test Microsoft.ML.CnnZoo.slnx -c Release --nologo @args }
finally { Pop-Location }
exit $LASTEXITCODE
