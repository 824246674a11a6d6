module my-artifact

go 1.24

require watchbox v0.0.0

// Where a copy of this folder lives elsewhere: the path to the SDK.
replace watchbox => ..
