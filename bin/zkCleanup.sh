#!/usr/bin/env bash
# Removes all but the newest snapshots of a stopped or running coordinator. Its log is cut by the server itself after each
# snapshot, to what the snapshots that it keeps need.
usage() {
  echo "Usage:"
  echo "PurgeTxnLog dataLogDir [snapDir] -n count"
  echo "	dataLogDir -- path to the txn log directory"
  echo "	snapDir -- path to the snapshot directory"
  echo "	count -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3"
  exit 1
}
(($# == 3 || $# == 4)) || usage
dir=$1
if (($# == 4)); then dir=$2 && shift; fi
[[ $2 == -n && $3 =~ ^[0-9]+$ ]] || usage
if (($3 < 3)); then
  echo "count should be greater than or equal to 3" >&2
  usage
fi
[[ ! -d $dir/version-2 ]] || dir=$dir/version-2
if [[ ! -d $dir ]]; then
  echo "There is no directory $dir" >&2
  exit 1
fi
# Names are hexadecimal without leading zeros: by length, then by letter, is by number.
for file in "$dir"/snapshot-*; do
  [[ $file =~ /snapshot-[0-9a-f]+$ ]] && printf '%d %s\n' "${#file}" "$file"
done | sort -k1,1nr -k2,2r | tail -n +"$(($3 + 1))" | while read -r _ file; do
  echo "Removing file: $(LC_ALL=C date -r "$file" '+%b %-d, %Y, %-I:%M:%S %p')	$file"
  rm -f -- "$file"
done
