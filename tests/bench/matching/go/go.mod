module matching

go 1.24

require watchbox v0.0.0

replace watchbox => ../../../../plugin-sdk/go
