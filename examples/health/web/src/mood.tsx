// Five drawn faces: not every system has a font with emoji, and a drawing takes the page's colours.

const kNames = ['Awful', 'Low', 'Okay', 'Good', 'Great'];
const kMouths = [
    'M8 17.5q4-5 8 0',
    'M8.3 16.8q3.7-2.6 7.4 0',
    'M8.5 15.8h7',
    'M8.3 15q3.7 2.8 7.4 0',
    'M7.8 14.3q4.2 5.6 8.4 0z',
];

export const mood_name = (mood: number): string => kNames[mood - 1] ?? 'Unknown';

export function Face({ mood }: { mood: number }) {
    return (
        <svg className={`face mood-${mood}`} viewBox="0 0 24 24" aria-hidden="true">
            <circle cx="12" cy="12" r="11" />
            <circle className="eye" cx="8.6" cy="9.8" r="1.3" />
            <circle className="eye" cx="15.4" cy="9.8" r="1.3" />
            <path d={kMouths[mood - 1] ?? kMouths[2]} />
        </svg>
    );
}

export function MoodField({ name, value, on_change }: {
    name: string;
    value: number;
    on_change: (mood: number) => void;
}) {
    return (
        <fieldset className="moods">
            <legend>Mood</legend>
            {kNames.map((label, index) => (
                <label key={label}>
                    <input
                        type="radio"
                        name={name}
                        value={index + 1}
                        checked={value === index + 1}
                        onChange={() => on_change(index + 1)}
                    />
                    <Face mood={index + 1} />
                    <span>{label}</span>
                </label>
            ))}
        </fieldset>
    );
}
