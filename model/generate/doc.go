// Package generate writes: it chooses, token after token, how a [model.Decoder] continues a prompt.
//
// An [Engine] runs all requests that meet in one batch (continuous batching, Yu et al. 2022): sequences join and leave
// between steps, so that one that has ended costs nothing. A step uploads the batch and what is chosen by, replays one captured graph
// where the backend captures, and downloads ids: choosing happens on the device.
//
// Keys and values are in a [model.Cache] of pages of one token. So samples of a prompt, beams, and requests that start
// with the same [Prefix] share all that they have in common, to the token, and a beam that moves is a row of a table that is
// written anew: nothing is copied. The table costs four bytes a token and step.
//
// What a request gives does not depend on which others are in the batch: results of backends are the same in every batch,
// prompts are read in pieces of a size of their own, and draws depend on the request's seed alone.
package generate
