"""The words that exercises are made of: lower-case ASCII, sorted. Part of the rules: another list makes other
exercises.
"""

_LISTED = """
acorn actor almond amber anchor apple apron arch arrow aspen atlas attic autumn axle badge baker balcony bamboo
barley barn barrel basin basket beach beacon bean bell bench berry bicycle birch biscuit blanket blossom board
boat bottle boulder bowl branch bread brick bridge broom brush bucket button cabin cable cactus camel canal
candle canoe canvas caravan carpet carrot cart castle cedar cellar chain chair chalk cherry chest chimney circle
cliff clock cloud clover coach coast coat comet compass copper coral corner cotton cradle crane crayon creek
crystal cup curtain cushion daisy dancer desert desk diamond door dragon drawer drum eagle earth echo elbow elm
engine evening fabric falcon farm feather fence fern ferry fiddle field flag flame flute forest fossil fountain
fox frost garden garlic gate ginger glacier glass globe glove goose grain granite grape grass gravel hammer
harbour harp harvest hazel hedge helmet heron hill honey horizon horse hotel island ivory ivy jacket jar jewel
journal juniper kettle key kitchen kite knot ladder lagoon lake lamp lantern leaf lemon lentil letter library
lichen lily linen lizard lock lumber magnet maple marble market marsh meadow melon mill mint mirror moon moss
mountain mushroom music needle nest north oak oasis oat ocean olive onion orbit orchard otter oven owl paddle
paint palace panel paper parcel parsley path peach pear pebble pencil pepper pigeon pillow pine planet plate
plough plum pocket pond poplar potato prairie pumpkin quarry quartz quill rabbit radish raft rain raven reed
ribbon ridge river road robin rocket roof rope rose ruby saddle sail salmon salt sand satchel saucer scarf
school seal shadow shell shelter ship shore silver sparrow spice spoon spring square squash stable star station
steam stone storm story straw stream street sugar summit swan table tailor teapot temple thimble thistle thread
thunder timber tower trail train tree trumpet tulip tunnel turtle umbrella valley velvet village vinegar violet
violin wagon wallet walnut water wharf wheat wheel whistle willow window winter wolf wool wren yarn
"""

WORDS: tuple[str, ...] = tuple(_LISTED.split())

TOPICS: tuple[str, ...] = (
    "a day at a busy railway station",
    "a letter that arrives too late",
    "a long walk in the rain",
    "a market in a small town",
    "a night without electricity",
    "a recipe that went wrong",
    "a school on an island",
    "a visit to a museum",
    "baking bread for many guests",
    "building a boat from old planks",
    "crossing a desert by night",
    "growing vegetables on a roof",
    "how a clock measures time",
    "how bees find their way home",
    "how glass is made",
    "learning to play an instrument",
    "mending things instead of buying new ones",
    "moving to another country",
    "teaching a dog to wait",
    "the first snow of a year",
    "the work of a lighthouse keeper",
    "what a river carries to the sea",
    "why maps are never finished",
    "why people keep diaries",
)
