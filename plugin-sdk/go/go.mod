module watchbox

go 1.24
