"""The processor: Faust around a pure function. The only room that imports faust."""
